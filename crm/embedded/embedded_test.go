package embedded_test

import (
	"testing"

	"accord/crm"
	"accord/crm/crmtest"
	"accord/crm/embedded"
	"accord/kv"
	"accord/schema"
)

var facts = schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"marketing": "enterprise"}}

// open returns a new account in the store.
func open(t testing.TB, db kv.DB, opts embedded.Options) *embedded.Account {
	t.Helper()
	a := embedded.New(db, "acme-de", opts)
	if err := a.SetFacts(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestMem(t *testing.T) {
	crmtest.Run(t, func(t testing.TB) crm.Account { return open(t, kv.NewMem(), embedded.Options{}) })
}
