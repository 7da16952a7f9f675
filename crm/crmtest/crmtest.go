// Package crmtest holds what every account must do, as tests that each
// implementation runs:
//
//	func TestAccount(t *testing.T) {
//		crmtest.Run(t, func(t testing.TB) crm.Account { … })
//	}
//
// Where accounts differ, crm.Capabilities say so, and the suite checks what
// must hold then: nothing is left out by name. What needs the store beneath an
// account, such as crashes, is tested beside the implementation that has one.
package crmtest

import (
	"context"
	"errors"
	"testing"

	"accord/crm"
	"accord/schema"
)

// Run tests the accounts that open returns: at each call one that exists, of the
// platform hubspot, with nothing declared in it and no records, which open
// disposes of when its test ends.
func Run(t *testing.T, open func(testing.TB) crm.Account) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"facts", testFacts},
		{"assets", testAssets},
		{"asset keys", testAssetKeys},
		{"assets of several kinds", testManyKinds},
		{"users", testUsers},
		{"standard assets", testStandardAssets},
		{"records", testRecords},
		{"values", testValues},
		{"refused values", testRefusedValues},
		{"e-mail spellings", testEmailSpellings},
		{"domains", testDomains},
		{"unique properties", testUnique},
		{"upserts", testUpserts},
		{"keyed creation", testKeyedCreation},
		{"batches fail by item", testPartialBatch},
		{"large batches", testLargeBatch},
		{"deals and their pipelines", testDeals},
		{"owners", testOwners},
		{"marketing contacts", testMarketing},
		{"paging by id", testPagingByID},
		{"paging by update", testPagingByUpdate},
		{"paging beside writes", testPagingBesideWrites},
		{"find", testFind},
		{"associations", testAssociations},
		{"primary company", testPrimary},
		{"many associations", testManyAssociations},
		{"lists", testLists},
		{"forms", testForms},
		{"subscriptions", testSubscriptions},
		{"change feed", testChanges},
		{"no change without a change", testNoChange},
		{"change feed beside writers", testChangesBesideWriters},
		{"canceled", testCanceled},
		{"model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, open)) })
	}
}

// bench is an account under test, with helpers that end the test where the
// account fails.
type bench struct {
	crm.Account
	t    testing.TB
	ctx  context.Context
	can  crm.Capabilities
	open func(testing.TB) crm.Account
}

func newBench(t *testing.T, open func(testing.TB) crm.Account) *bench {
	a := open(t)
	return &bench{Account: a, t: t, ctx: t.Context(), can: a.Capabilities(), open: open}
}

func (b *bench) asset(kind schema.Kind, name string, spec schema.Spec) string {
	b.t.Helper()
	id, err := b.CreateAsset(b.ctx, crm.Asset{Kind: kind, Name: name, Spec: spec})
	if err != nil {
		b.t.Fatalf("create %s %s: %v", kind, name, err)
	}
	return id
}

func (b *bench) property(object, name, typ string, options ...string) string {
	b.t.Helper()
	p := &schema.Property{Object: object, Type: typ, Label: name}
	for _, o := range options {
		p.Options = append(p.Options, schema.Option{Value: o})
	}
	return b.asset(schema.KindProperty, name, p)
}

// props makes a map of a property's name and value in turn.
func props(nameValue ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(nameValue); i += 2 {
		m[nameValue[i]] = nameValue[i+1]
	}
	return m
}

// must ends the test unless every input has passed, and returns the results.
func (b *bench) must(results []crm.Result, err error) []crm.Result {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			b.t.Fatalf("input %d: %v", i, r.Err)
		}
	}
	return results
}

func (b *bench) create(object string, nameValue ...string) string {
	b.t.Helper()
	return b.must(b.CreateRecords(b.ctx, object, []crm.Input{{Properties: props(nameValue...)}}))[0].ID
}

func (b *bench) update(object, id string, nameValue ...string) crm.Result {
	b.t.Helper()
	return b.must(b.UpdateRecords(b.ctx, object, []crm.Input{{ID: id, Properties: props(nameValue...)}}))[0]
}

// refused returns why the account refuses to create a record.
func (b *bench) refused(object string, nameValue ...string) error {
	b.t.Helper()
	results, err := b.CreateRecords(b.ctx, object, []crm.Input{{Properties: props(nameValue...)}})
	if err != nil {
		return err
	}
	if results[0].Err == nil {
		b.t.Fatalf("a %s with %v was created", object, props(nameValue...))
	}
	return results[0].Err
}

// read returns the record, or nil.
func (b *bench) read(object, by, key string, properties ...string) *crm.Record {
	b.t.Helper()
	found, err := b.ReadRecords(b.ctx, object, by, []string{key}, properties...)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(found) != 1 {
		b.t.Fatalf("read one key: got %d results", len(found))
	}
	return found[0]
}

// value returns one property of the record, which must be there.
func (b *bench) value(object, id, property string) string {
	b.t.Helper()
	r := b.read(object, "", id, property)
	if r == nil {
		b.t.Fatalf("%s %s is not there", object, id)
	}
	return r.Properties[property]
}

// all returns the ids of a query, read in pages of limit.
func (b *bench) all(q crm.Query) []string {
	b.t.Helper()
	ids := []string{}
	for r, err := range crm.All(b.ctx, b, q) {
		if err != nil {
			b.t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// head is the end of the change feed.
func (b *bench) head() crm.Cursor {
	b.t.Helper()
	c, err := b.LatestChange(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// since returns all changes behind the cursor.
func (b *bench) since(c crm.Cursor) []crm.Change {
	b.t.Helper()
	var out []crm.Change
	for {
		changes, next, err := b.Changes(b.ctx, c, 0)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(changes) == 0 {
			return out
		}
		out, c = append(out, changes...), next
	}
}

func isInvalid(err error) bool {
	var invalid *crm.InvalidError
	return errors.As(err, &invalid)
}

// existing is the id of what is there already, or "" for another error.
func existing(err error) string {
	var exists *crm.ExistsError
	if errors.As(err, &exists) {
		return exists.ID
	}
	return ""
}
