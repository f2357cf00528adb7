//go:build !unix

package picture

// lower does nothing here.
func lower(int) {}
