package load

import (
	"testing"
	"testing/fstest"

	"accord/schema"
)

func TestMentions(t *testing.T) {
	r, err := Dir(t.Context(), fstest.MapFS{
		"sound.yaml": {Data: []byte(`apiVersion: accord/v1
kind: Account
metadata: {name: acme-de}
spec: {platform: hubspot, hosting: eu1}
`)},
		"lost.yaml": {Data: []byte(`apiVersion: accord/v1
kind: Account
metadata: {name: acme-fr}
spec: {platform: hubspot, hosting: eu1}
---
apiVersion: accord/v1
kind: Connection
metadata: {name: de-us}
spec: {between: [acme-de, acme-us], between: [acme-de, acme-us]}
---
kind: Acount
metadata: {name: acme-it}
---
kind: Email
  label: Welcome back
`)},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind  schema.Kind
		names []string
		want  bool
	}{
		{schema.KindConnection, []string{"acme-de", "acme-us"}, true},
		{schema.KindConnection, []string{"acme-us", "acme-de"}, true},
		{schema.KindConnection, []string{"acme-de", "acme-fr"}, false},
		{schema.KindConnection, []string{"acme"}, false},          // a part of a name is none
		{schema.KindOrganization, []string{"acme-de"}, false},     // another kind mentions it
		{schema.KindAccount, []string{"acme-de"}, false},          // it is sound
		{schema.KindAccount, []string{"acme-fr"}, false},          // sound in a file with findings
		{schema.KindAccount, []string{"acme-it"}, true},           // of a kind that cannot be told
		{schema.KindEmail, []string{"Welcome back"}, true},        // no YAML at all
		{schema.KindEmail, []string{"Welcome", "Goodbye"}, false}, //
		{schema.KindConnection, nil, true},                        // any of the kind
		{schema.KindWorkflow, []string{"something", "else"}, false},
	} {
		if got := r.Mentions(tc.kind, tc.names...); got != tc.want {
			t.Errorf("Mentions(%s, %q) = %v, want %v", tc.kind, tc.names, got, tc.want)
		}
	}
}

func TestMentionsWithoutFindings(t *testing.T) {
	r, err := Dir(t.Context(), fstest.MapFS{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Mentions(schema.KindAccount) {
		t.Error("nothing is lost, and something is mentioned")
	}
}
