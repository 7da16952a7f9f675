package check_test

import (
	"io/fs"
	"testing"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
)

// resolve loads the files of a folder and resolves what they say.
func resolve(t testing.TB, fsys fs.FS) (*schema.Graph, check.Locator, diag.List) {
	t.Helper()
	r, err := load.Dir(t.Context(), fsys, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.Resolve(r.Config), r, r.Diagnostics
}
