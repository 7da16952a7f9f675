package load

import (
	"testing"
	"testing/fstest"
)

func TestSmoke(t *testing.T) {
	r, err := Dir(t.Context(), fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: accord/v1\nkind: Account\nmetadata: {name: x}\nspec: {platform: hubspot}\n---\na: b: c\n---\nkind: Account\nmetadata:\n  name: y\nspec:\n  platform: brevo\n  api: {token: pat-na1-12345678-1234}\n")}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Diagnostics {
		t.Log(d, d.Help, r.Line(d.File, d.Line))
	}
	for _, a := range r.Config.All() {
		t.Log(a.Ref(), a.Origin, r.Position(a, "spec.platform"), r.PositionIn(a, "spec.platform", 2))
	}
}
