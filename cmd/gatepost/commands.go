package main

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/gateway/control"
	"github.com/gatepost-video/gatepost/internal/token"
)

// gatewayCmd runs the media plane alone.
type gatewayCmd struct {
	Data    string `help:"Directory of the spool." default:"./data" env:"GATEPOST_DATA" placeholder:"DIR"`
	Objects string `help:"Where recordings rest: s3://… or dir:///…; the same as the functions'." required:"" env:"GATEPOST_OBJECTS" placeholder:"URL"`
	Control string `help:"URL of the functions." required:"" env:"GATEPOST_CONTROL" placeholder:"URL"`
	NodeKey string `help:"Secret shared with the functions." required:"" env:"GATEPOST_NODE_KEY" placeholder:"SECRET"`
	webFlags
	doorFlags
	recordFlags
	pictureFlags
	frontFlags
	Pprof string `help:"Loopback address of pprof." env:"GATEPOST_PPROF" placeholder:"ADDR"`
}

// Run serves until Ctrl-C.
func (c *gatewayCmd) Run(ctx context.Context) (err error) {
	stores := storeFlags{Data: c.Data, Objects: c.Objects}
	if err := stores.prepare(); err != nil {
		return err
	}
	client, err := control.New(c.Control, c.NodeKey)
	if err != nil {
		return err
	}
	tlsConfig, err := c.tls()
	if err != nil {
		return err
	}
	front, err := c.front()
	if err != nil {
		return err
	}
	listeners, err := listenMedia(&c.webFlags, &c.doorFlags, tlsConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listeners.close()) }()
	debug, err := listenDebug(c.Pprof)
	if err != nil {
		return err
	}
	if debug != nil {
		defer func() { _ = debug.Close() }() // served: closed already
	}
	public, err := publicBase(c.PublicURL, listeners.media.Addr(), tlsConfig != nil)
	if err != nil {
		return err
	}
	media, err := mediaBase(c.MediaURL, public, listeners.media.Addr(), tlsConfig != nil)
	if err != nil {
		return err
	}
	objects, err := openObjects(ctx, &stores, media.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, objects.Close()) }()
	tokens := token.NewVerifier(token.URLSource(c.Control+"/.well-known/jwks.json", nil), token.VerifierOptions{})
	gw, err := newGateway(gatewayOptions{listeners: listeners, tls: tlsConfig, publicIPs: c.WebRTCIPs, spool: stores.path("spool"),
		objects: objects, control: client, tokens: tokens, record: c.recordFlags, pictures: c.pictureFlags, edgeKey: c.EdgeKey, front: front, registry: newRegistry(),
		checks: []check{{"functions", client.Check}}})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return gw.Run(ctx) })
	if debug != nil {
		g.Go(func() error { return serveDebug(ctx, debug) })
	}
	return g.Wait()
}

// functionsCmd runs the control plane alone.
type functionsCmd struct {
	storeFlags
	HTTP          string `name:"http" help:"Address of the API and the portal." default:":8080" env:"GATEPOST_HTTP" placeholder:"ADDR"`
	PublicURL     string `help:"URL under which browsers reach the portal." env:"GATEPOST_PUBLIC_URL" placeholder:"URL"`
	MediaURL      string `help:"URL of the gateway's media address as browsers reach it; its host is used for push URLs." required:"" env:"GATEPOST_MEDIA_URL" placeholder:"URL"`
	TLSCert       string `help:"PEM file of the certificate." env:"GATEPOST_TLS_CERT" placeholder:"FILE"`
	TLSKey        string `help:"PEM file of its private key." env:"GATEPOST_TLS_KEY" placeholder:"FILE"`
	AdminPassword string `help:"Password of the first administrator." env:"GATEPOST_ADMIN_PASSWORD" placeholder:"PASSWORD"`
	NodeKey       string `help:"Secret that gateways present." required:"" env:"GATEPOST_NODE_KEY" placeholder:"SECRET"`
	doorFlags
	hookFlags
	healthFlags
	peopleFlags
	frontFlags
}

// Run serves until Ctrl-C.
func (c *functionsCmd) Run(ctx context.Context) (err error) {
	if err := c.prepare(); err != nil {
		return err
	}
	web := webFlags{TLSCert: c.TLSCert, TLSKey: c.TLSKey}
	tlsConfig, err := web.tls()
	if err != nil {
		return err
	}
	carriers, err := c.carriers()
	if err != nil {
		return err
	}
	front, err := c.front()
	if err != nil {
		return err
	}
	listener, err := listenTCP("--http", c.HTTP)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // served: closed already
	public, err := publicBase(c.PublicURL, listener.Addr(), tlsConfig != nil)
	if err != nil {
		return err
	}
	media, err := mediaBase(c.MediaURL, public, listener.Addr(), false)
	if err != nil {
		return err
	}
	db, objects, closeStores, err := openStores(ctx, &c.storeFlags, media.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStores()) }()
	plane := newControlPlane(db, objects, controlOptions{addresses: splitAddresses(public, media, &c.doorFlags), secure: public.Scheme == "https",
		privateWebhooks: c.PrivateWebhooks, carriers: carriers, signup: c.Signup, faultAfter: c.FaultAfter, looks: c.LooksPerUser, temp: c.Data})
	generated, err := plane.prepare(ctx, c.AdminPassword)
	announceAdmin(generated) // whatever fails from here on
	if err != nil {
		return err
	}
	host, err := newControlHost(plane, listener, tlsConfig, c.NodeKey, origins(media, c.objectsURL()), front, newRegistry(),
		[]check{{"database", db.Ping}, {"objects", objectsReady(objects)}})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return host.Run(ctx) })
	g.Go(func() error { return plane.schedule.Run(ctx) })
	return g.Wait()
}

// migrateCmd brings the schema up to date.
type migrateCmd struct{ storeFlags }

// Run migrates.
func (c *migrateCmd) Run(ctx context.Context) error {
	if c.Database == "" {
		if err := c.prepare(); err != nil {
			return err
		}
	}
	db, err := connectDatabase(ctx, &c.storeFlags)
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// openapiCmd prints the API's document.
type openapiCmd struct{}

// Run prints.
func (openapiCmd) Run() error {
	doc, err := host.OpenAPI("1", unconnected().register()...)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(doc)
	return err
}
