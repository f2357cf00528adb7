package rtmp

import (
	"strings"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// parseTarget reads camera and key from an application ("live", "live/<camera>")
// and a stream name ("<camera>?key=<key>", "<camera>/<key>", "<key>").
func parseTarget(app, name string) (ingest.Target, bool) {
	appPath, appQuery, _ := strings.Cut(app, "?")
	namePath, nameQuery, _ := strings.Cut(name, "?")
	path := strings.Trim(appPath, "/") + "/" + strings.Trim(namePath, "/")
	path = strings.TrimPrefix(strings.TrimPrefix(path, "/"), "live/")
	return ingest.ParseTarget(path, appQuery+"&"+nameQuery)
}
