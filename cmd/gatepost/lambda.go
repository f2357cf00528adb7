package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
)

// lambdaCmd runs the control plane on AWS Lambda: the API behind a function URL, timed work when a schedule asks.
type lambdaCmd struct {
	storeFlags
	PublicURL     string `help:"URL under which browsers reach the portal." required:"" env:"GATEPOST_PUBLIC_URL" placeholder:"URL"`
	MediaURL      string `help:"URL of the gateway's media address as browsers reach it; its host is used for push URLs." required:"" env:"GATEPOST_MEDIA_URL" placeholder:"URL"`
	AdminPassword string `help:"Password of the first administrator." required:"" env:"GATEPOST_ADMIN_PASSWORD" placeholder:"PASSWORD"`
	NodeKey       string `help:"Secret that gateways present." required:"" env:"GATEPOST_NODE_KEY" placeholder:"SECRET"`
	doorFlags
	hookFlags
	peopleFlags
	healthFlags
}

// Run serves for as long as the platform lets it.
func (c *lambdaCmd) Run(ctx context.Context) (err error) {
	if err := lambdahost.CheckDatabase(c.Database); err != nil {
		return err
	}
	carriers, err := c.carriers()
	if err != nil {
		return err
	}
	public, err := baseURL("--public-url", c.PublicURL, "https://video.example.org")
	if err != nil {
		return err
	}
	media, err := baseURL("--media-url", c.MediaURL, "https://video.example.org:8081")
	if err != nil {
		return err
	}
	db, objects, closeStores, err := openStores(ctx, &c.storeFlags, media.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStores()) }()
	plane := newControlPlane(db, objects, controlOptions{addresses: splitAddresses(public, media, &c.doorFlags), secure: public.Scheme == "https",
		privateWebhooks: c.PrivateWebhooks, carriers: carriers, signup: c.Signup, faultAfter: c.FaultAfter, temp: os.TempDir()})
	if _, err := plane.prepare(ctx, c.AdminPassword); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", lambdahost.Handler(host.Options{Version: version,
		Auth: &auth.Authenticator{Tokens: plane.tokens, Keys: plane.identity, People: plane.identity, NodeKey: c.NodeKey}}, plane.register()...))
	mux.Handle("/readyz", ready([]check{{"database", db.Ping}, {"objects", objectsReady(objects)}})) // gateways ask
	lambdahost.Start(mux, plane.schedule.Once)
	return nil
}
