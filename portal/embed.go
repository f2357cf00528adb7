// Package portal carries the built web app inside the binary.
package portal

import (
	"embed"
	"io/fs"
)

// dist is what `npm run build` made; in a fresh clone it holds nothing but .keep.
//
//go:embed all:dist
var dist embed.FS

// unbuilt is what a binary shows that was compiled without the web app.
//
//go:embed unbuilt/index.html
var unbuilt embed.FS

// FS returns the files of the web app, index.html at its root. Paths that it
// does not have, outside /assets/, are the app's own routes: the host answers
// them with index.html. When the app was not built before the binary, the only
// file is an index.html that says so.
func FS() fs.FS {
	if Built() {
		return sub(dist, "dist")
	}
	return sub(unbuilt, "unbuilt")
}

func sub(files fs.FS, dir string) fs.FS {
	s, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only for a directory name that is not valid
	}
	return s
}

// Built tells whether the web app is in the binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
