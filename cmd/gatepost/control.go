package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/contact"
	"github.com/gatepost-video/gatepost/functions/crossgrant"
	"github.com/gatepost-video/gatepost/functions/duty"
	"github.com/gatepost-video/gatepost/functions/evidence"
	"github.com/gatepost-video/gatepost/functions/footage"
	"github.com/gatepost-video/gatepost/functions/grant"
	"github.com/gatepost-video/gatepost/functions/health"
	"github.com/gatepost-video/gatepost/functions/hold"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/fiberhost"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/functions/incident"
	"github.com/gatepost-video/gatepost/functions/integrity"
	"github.com/gatepost-video/gatepost/functions/invitation"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/functions/notification"
	"github.com/gatepost-video/gatepost/functions/organisation"
	"github.com/gatepost-video/gatepost/functions/plan"
	"github.com/gatepost-video/gatepost/functions/playback"
	"github.com/gatepost-video/gatepost/functions/programme"
	"github.com/gatepost-video/gatepost/functions/report"
	"github.com/gatepost-video/gatepost/functions/restore"
	"github.com/gatepost-video/gatepost/functions/retention"
	"github.com/gatepost-video/gatepost/functions/schedule"
	"github.com/gatepost-video/gatepost/functions/share"
	"github.com/gatepost-video/gatepost/functions/signup"
	"github.com/gatepost-video/gatepost/functions/support"
	"github.com/gatepost-video/gatepost/functions/usage"
	"github.com/gatepost-video/gatepost/internal/demo"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/portal"
	"github.com/prometheus/client_golang/prometheus"
)

// version is set by the linker for releases.
var version = "dev"

// controlPlane is every function over one database and one object store.
type controlPlane struct {
	tokens       *token.Verifier
	identity     *identity.Service
	organisation *organisation.Service
	camera       *camera.Function
	grant        *grant.Function
	share        *share.Function
	hold         *hold.Function
	incident     *incident.Function
	crossgrant   *crossgrant.Function
	footage      *footage.Function
	duty         *duty.Function
	support      *support.Function
	notification *notification.Function
	playback     *playback.Function
	evidence     *evidence.Function
	node         *node.Service
	integrity    *integrity.Service
	retention    *retention.Function
	ledger       *ledger.Function
	contact      *contact.Function
	plan         *plan.Function
	invitation   *invitation.Function
	signup       *signup.Function
	usage        *usage.Function
	programme    *programme.Function
	report       *report.Function
	health       *health.Function
	healthEvery  time.Duration
	restore      *restore.Function
	schedule     *schedule.Function
}

// controlOptions are what the functions differ in between deployments.
type controlOptions struct {
	addresses       gatepost.Addresses
	secure          bool // the portal is served over TLS
	privateWebhooks bool
	carriers        map[gatepost.ContactKind]contact.Carrier
	signup          bool // businesses sign themselves up
	faultAfter      time.Duration
	looks           int    // at how many cameras one user looks at a time
	temp            string // a directory for clips in the making
}

// newControlPlane makes the functions.
func newControlPlane(db *sqlstore.Store, objects objstore.Store, o controlOptions) *controlPlane {
	issuer := token.NewIssuer(db, token.IssuerOptions{})
	// Asking the issuer costs nothing: a withdrawn key ends within two seconds.
	tokens := token.NewVerifier(issuer, token.VerifierOptions{MaxAge: time.Second})
	reach := contact.New(contact.Options{Store: db, Carriers: o.carriers, Portal: o.addresses.HTTP})
	people := identity.New(identity.Options{Store: db, Issuer: issuer, SecureCookies: o.secure})
	archive := playback.New(playback.Options{Store: db, Objects: objects, Tokens: tokens, TempDir: o.temp})
	book := ledger.New(ledger.Options{Store: db})
	exports := evidence.New(evidence.Options{Store: db, Clips: archive, Ledger: book, Objects: objects, Address: o.addresses.HTTP, TempDir: o.temp})
	p := &controlPlane{
		tokens:       tokens,
		identity:     people,
		organisation: organisation.New(db),
		camera:       camera.New(camera.Options{Store: db, Addresses: o.addresses}),
		grant:        grant.New(grant.Options{Store: db, Tokens: issuer, Addresses: o.addresses, Looks: o.looks}),
		share:        share.New(share.Options{Store: db, Tokens: issuer, Verifier: tokens, Addresses: o.addresses}),
		hold:         hold.New(hold.Options{Store: db}),
		incident:     incident.New(incident.Options{Store: db}),
		crossgrant:   crossgrant.New(crossgrant.Options{Store: db}),
		footage:      footage.New(footage.Options{Store: db}),
		duty:         duty.New(duty.Options{Store: db}),
		support:      support.New(support.Options{Store: db}),
		notification: notification.New(notification.Options{Store: db, Private: o.privateWebhooks, Mail: reach.Reaches(gatepost.ContactEmail)}),
		playback:     archive,
		evidence:     exports,
		node:         node.New(node.Options{Store: db}),
		integrity:    integrity.New(integrity.Options{Store: db, Objects: objects}),
		retention:    retention.New(retention.Options{Store: db, Objects: objects}),
		ledger:       book,
		contact:      reach,
		plan:         plan.New(plan.Options{Store: db}),
		invitation:   invitation.New(invitation.Options{Store: db, Passwords: people, Reach: reach, Portal: o.addresses.HTTP}),
		signup:       signup.New(signup.Options{Store: db, Passwords: people, Reach: reach, Closed: !o.signup}),
		usage:        usage.New(usage.Options{Store: db}),
		programme:    programme.New(programme.Options{Store: db}),
		report:       report.New(report.Options{Store: db, Objects: objects, Signer: exports}),
		health:       health.New(health.Options{Store: db, After: o.faultAfter}),
		healthEvery:  min(max(o.faultAfter/10, time.Second), 30*time.Second),
		restore:      restore.New(restore.Options{Store: db, Objects: objects}),
	}
	p.schedule = schedule.New(schedule.Options{Store: db, Tasks: p.tasks()})
	return p
}

// unconnected is a control plane for the OpenAPI document: its operations can
// be registered, but not called.
func unconnected() *controlPlane {
	return &controlPlane{identity: identity.New(identity.Options{}), organisation: organisation.New(nil), camera: camera.New(camera.Options{}),
		grant: grant.New(grant.Options{}), share: share.New(share.Options{}), hold: hold.New(hold.Options{}), incident: incident.New(incident.Options{}),
		crossgrant: crossgrant.New(crossgrant.Options{}), footage: footage.New(footage.Options{}), duty: duty.New(duty.Options{}), support: support.New(support.Options{}), notification: notification.New(notification.Options{}),
		playback: playback.New(playback.Options{}), evidence: evidence.New(evidence.Options{}), node: node.New(node.Options{}), ledger: ledger.New(ledger.Options{}),
		contact: contact.New(contact.Options{}), plan: plan.New(plan.Options{}), invitation: invitation.New(invitation.Options{}), signup: signup.New(signup.Options{}),
		usage: usage.New(usage.Options{}), retention: retention.New(retention.Options{}),
		programme: programme.New(programme.Options{}), report: report.New(report.Options{}), health: health.New(health.Options{}), restore: restore.New(restore.Options{}), schedule: schedule.New(schedule.Options{})}
}

// register lists the operations of every function.
func (p *controlPlane) register() []host.Register {
	return []host.Register{p.identity.Register, p.organisation.Register, p.camera.Register, p.grant.Register, p.share.Register,
		p.hold.Register, p.incident.Register, p.crossgrant.Register, p.footage.Register, p.duty.Register, p.support.Register, p.notification.Register, p.playback.Register, p.evidence.Register, p.node.Register, p.ledger.Register,
		p.contact.Register, p.plan.Register, p.invitation.Register, p.signup.Register, p.usage.Register, p.retention.Register,
		p.programme.Register, p.report.Register, p.health.Register, p.restore.Register, p.schedule.Register}
}

// tasks are the timed work of every function.
func (p *controlPlane) tasks() []schedule.Task {
	return []schedule.Task{
		{Name: "identity", Every: time.Hour, Run: p.identity.Run},
		{Name: "node", Every: time.Hour, Run: p.node.Run},
		{Name: "recording", Every: time.Minute, Run: p.node.Reconcile},
		{Name: "playback", Every: time.Hour, Run: p.playback.Run},
		{Name: "compaction", Every: time.Minute, Run: p.playback.Compact},
		{Name: "evidence", Every: 2 * time.Second, Run: p.evidence.Run},
		{Name: "incident", Every: 2 * time.Second, Run: p.incident.Run},
		{Name: "footage", Every: 2 * time.Second, Run: p.footage.Run},
		{Name: "duty", Every: 2 * time.Second, Run: p.duty.Run},
		{Name: "rota", Every: time.Minute, Run: p.duty.RunRota},
		{Name: "notification", Every: 2 * time.Second, Run: p.notification.Run},
		{Name: "signup", Every: time.Hour, Run: p.signup.Run},
		{Name: "contact", Every: 2 * time.Second, Run: p.contact.Run},
		{Name: "retention", Every: time.Minute, Run: p.retention.Run},
		{Name: "integrity", Every: time.Minute, Run: p.integrity.Run},
		{Name: "hold", Every: 10 * time.Minute, Run: p.hold.Run},
		{Name: "restore", Every: time.Minute, Run: p.restore.Run},
		{Name: "usage", Every: time.Minute, Run: p.usage.Run},
		{Name: "health", Every: p.healthEvery, Run: p.health.Run},
		{Name: "ledger", Every: time.Second, Run: p.ledger.Run},
		{Name: "looks", Every: 10 * time.Second, Run: p.playback.TellLooks},
	}
}

// controlHost is the control plane's server.
type controlHost struct {
	host     *fiberhost.Host
	listener net.Listener
	tls      *tls.Config
}

func newControlHost(p *controlPlane, l net.Listener, tlsConfig *tls.Config, nodeKey string, origins []string, f front, registry *prometheus.Registry, checks []check) (*controlHost, error) {
	registry.MustRegister(p.node.Metrics())
	h, err := fiberhost.New(fiberhost.Options{
		Options:  host.Options{Version: version, Auth: &auth.Authenticator{Tokens: p.tokens, Keys: p.identity, People: p.identity, NodeKey: nodeKey}, TrustedProxies: f.proxies},
		Register: p.register(), Portal: portal.FS(), Origins: origins, Embeds: p.share.Origins,
		Ready: func(ctx context.Context) error {
			if failed := firstFailure(ctx, checks); failed != "" {
				return &gatepost.Error{Code: gatepost.Unavailable, Message: "waiting for " + failed}
			}
			return nil
		},
		Metrics: f.metricsHandler(registry),
	})
	return &controlHost{h, l, tlsConfig}, err
}

// Run serves until ctx ends.
func (h *controlHost) Run(ctx context.Context) error { return h.host.Serve(ctx, h.listener, h.tls) }

// prepare makes the first administrator and loads the sample divisions when
// there are none. It returns the administrator's password if it made one.
func (p *controlPlane) prepare(ctx context.Context, adminPassword string) (generated string, err error) {
	if generated, err = p.identity.EnsureAdmin(ctx, adminPassword); err != nil {
		return "", err
	}
	_, err = p.organisation.ImportDivisions(ctx, bytes.NewReader(demo.Divisions))
	return generated, err
}
