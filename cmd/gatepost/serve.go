package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"golang.org/x/sync/errgroup"
)

// serveCmd runs everything in one process.
type serveCmd struct {
	storeFlags
	webFlags
	doorFlags
	recordFlags
	pictureFlags
	hookFlags
	healthFlags
	peopleFlags
	frontFlags
	AdminPassword string `help:"Password of the first administrator; without it one is made and printed once." env:"GATEPOST_ADMIN_PASSWORD" placeholder:"PASSWORD"`
	NodeKey       string `help:"Secret that gateways elsewhere present; without it none is let in." env:"GATEPOST_NODE_KEY" placeholder:"SECRET"`
	Pprof         string `help:"Loopback address of pprof, such as 127.0.0.1:6060." env:"GATEPOST_PPROF" placeholder:"ADDR"`
	Demo          bool   `help:"Two simulated cameras, a sample region and an account of each kind." env:"GATEPOST_DEMO"`
}

// Run serves until Ctrl-C.
func (c *serveCmd) Run(ctx context.Context) (err error) {
	if err := c.prepare(); err != nil {
		return err
	}
	tlsConfig, err := c.tls()
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
	listeners, err := listenMedia(&c.webFlags, &c.doorFlags, tlsConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listeners.close()) }()
	httpListener, err := listenTCP("--http", c.HTTP)
	if err != nil {
		return err
	}
	defer func() { _ = httpListener.Close() }() // served: closed already
	debug, err := listenDebug(c.Pprof)
	if err != nil {
		return err
	}
	if debug != nil {
		defer func() { _ = debug.Close() }() // served: closed already
	}
	public, err := publicBase(c.PublicURL, httpListener.Addr(), tlsConfig != nil)
	if err != nil {
		return err
	}
	media, err := mediaBase(c.MediaURL, public, listeners.media.Addr(), tlsConfig != nil)
	if err != nil {
		return err
	}
	addresses := listeners.addresses(public, media)

	db, objects, closeStores, err := openStores(ctx, &c.storeFlags, media.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStores()) }()

	plane := newControlPlane(db, objects, controlOptions{addresses: addresses, secure: public.Scheme == "https", privateWebhooks: c.PrivateWebhooks,
		carriers: carriers, signup: c.Signup, faultAfter: c.FaultAfter, looks: c.LooksPerUser, temp: c.Data})
	password := c.AdminPassword
	if c.Demo {
		if password, err = demoAdmin(&c.storeFlags, password); err != nil {
			return err
		}
	}
	generated, err := plane.prepare(ctx, password)
	announceAdmin(generated) // whatever fails from here on
	if err != nil {
		return err
	}
	registry := newRegistry()
	checks := []check{{"database", db.Ping}}
	gw, err := newGateway(gatewayOptions{listeners: listeners, tls: tlsConfig, publicIPs: c.WebRTCIPs, spool: c.path("spool"),
		objects: objects, control: plane.node, tokens: plane.tokens, record: c.recordFlags, pictures: c.pictureFlags, edgeKey: c.EdgeKey, front: front, registry: registry, checks: checks})
	if err != nil {
		return err
	}
	web, err := newControlHost(plane, httpListener, tlsConfig, c.NodeKey, origins(media, c.objectsURL()), front, registry,
		append(checks, check{"objects", objectsReady(objects)}))
	if err != nil {
		return err
	}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return web.Run(ctx) })
	g.Go(func() error { return gw.Run(ctx) })
	g.Go(func() error { return plane.schedule.Run(ctx) })
	if debug != nil {
		g.Go(func() error { return serveDebug(ctx, debug) })
	}
	if c.Demo {
		g.Go(func() error { return runDemo(ctx, &c.storeFlags, plane, addresses) })
	}
	slog.Info("serving", "portal", public.String(), "media", media.String(), "rtsp", addresses.RTSP, "rtmp", addresses.RTMP, "srt", addresses.SRT)
	return g.Wait()
}

// announceAdmin prints a password that was made for the first administrator.
func announceAdmin(password string) {
	if password != "" {
		fmt.Fprintf(os.Stdout, "\nFirst administrator: login admin, password %s\nIt is shown only now: keep it.\n\n", password)
	}
}

// origins are what the portal's pages fetch media from besides themselves.
func origins(media *url.URL, objectsURL string) []string {
	out := []string{media.Scheme + "://" + media.Host}
	if media.Hostname() == "localhost" {
		out = append(out, media.Scheme+"://{host}:"+media.Port())
	}
	if u, err := url.Parse(objectsURL); err == nil && u.Scheme == "s3" {
		for _, key := range []string{"public", "endpoint"} {
			if e, err := url.Parse(u.Query().Get(key)); err == nil && e.Host != "" {
				out = append(out, e.Scheme+"://"+e.Host)
			}
		}
		out = append(out, "https://*.amazonaws.com")
	}
	return out
}
