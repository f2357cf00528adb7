// Package host is what the hosts of operations have in common, whatever they
// rest on: the API's frame, who asked and from where, pages of lists. The
// hosts themselves are in fiberhost and lambdahost.
package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// MaxBody is the largest body in bytes that an operation reads unless it says
// otherwise.
const MaxBody = 1 << 20

// Register adds operations to an API. Each function of the control plane has
// a method of this form.
type Register func(api huma.API)

// Options are what every host needs. The zero value lets nobody in but to what
// is public.
type Options struct {
	Version string              // in the OpenAPI document; default "dev"
	Logger  *slog.Logger        // default slog.Default()
	Auth    *auth.Authenticator // nil: only Public operations answer

	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	// Default: none, the address of the connection counts.
	TrustedProxies []netip.Prefix
}

// Config is the frame of the API: title, version, how to authenticate, and
// strict JSON. The document is served by the hosts; there is no page that loads scripts from
// elsewhere.
func Config(version string) huma.Config {
	problem.Install()
	// An empty list is [], never null.
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	if version == "" {
		version = "dev"
	}
	config := huma.DefaultConfig("Gatepost", version)
	config.Info.Description = "The control plane of a carrier-run video cloud: enrolment, grants, playback, share links."
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no "$schema" member in bodies
	config.Security = auth.Bearer
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		auth.SchemeBearer: {Type: "http", Scheme: "bearer",
			Description: "An access token of POST /v1/session, or an API key of POST /v1/api-keys."},
		auth.SchemeNode: {Type: "http", Scheme: "bearer",
			Description: "The node key that gateways share with the control plane (GATEPOST_NODE_KEY)."},
	}
	config.OnAddOperation = append(config.OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) {
		// A misspelt filter must not silently list everything. Playlists are
		// fetched by players, which add parameters of their own.
		if !strings.HasPrefix(op.Path, "/v1/playback/") {
			op.RejectUnknownQueryParameters = true
		}
	})
	return config
}

// Use adds to an API what every operation runs behind: problems, panics, the
// caller's address and credential. It comes before the operations.
func Use(api huma.API, o Options) {
	logger := o.Logger
	if logger == nil {
		logger = slog.Default()
	}
	authenticator := o.Auth
	if authenticator == nil {
		authenticator = &auth.Authenticator{}
	}
	api.UseMiddleware(
		requestMiddleware(logger, o.TrustedProxies),
		problem.Recover(api),
		authenticator.Middleware(api),
	)
}

// OpenAPI returns the OpenAPI 3.1 document of some operations as indented
// JSON. The operations are registered but never called, so that functions
// without a database behind them do.
func OpenAPI(version string, register ...Register) ([]byte, error) {
	api := huma.NewAPI(Config(version), documentOnly{})
	for _, r := range register {
		r(api)
	}
	return Document(api)
}

// Document returns the OpenAPI document of an API as indented JSON.
func Document(api huma.API) ([]byte, error) {
	compact, err := api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
