package crmtest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"accord/crm"
	"accord/schema"
)

func testFacts(t *testing.T, b *bench) {
	facts, err := b.Facts(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if facts.Platform != schema.HubSpot {
		t.Errorf("platform: got %q", facts.Platform)
	}
	facts.SensitiveData = !facts.SensitiveData
	facts.Subscriptions = map[string]string{"marketing": "enterprise"}
	err = b.SetFacts(b.ctx, facts)
	if !b.can.SetFacts {
		if !errors.Is(err, crm.ErrUnsupported) {
			t.Errorf("set facts: got %v, want ErrUnsupported", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Facts(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if want := facts.Canonical(); !reflect.DeepEqual(got, want) {
		t.Errorf("facts: got %+v, want %+v", got, want)
	}
	got.Subscriptions["marketing"] = "free" // what a caller does with them is its own
	if again, _ := b.Facts(b.ctx); again.Subscriptions["marketing"] != "enterprise" {
		t.Errorf("the caller has changed the account's facts")
	}
}

// samples is an asset of each kind, and what it becomes.
var samples = []struct {
	kind          schema.Kind
	before, after schema.Spec
}{
	{schema.KindSubscriptionType, &schema.SubscriptionType{Label: "Product news"}, &schema.SubscriptionType{Label: "News"}},
	{
		schema.KindProperty,
		&schema.Property{Object: schema.Contact, Type: schema.TypeEnumeration, Label: "Sample", Options: []schema.Option{{Value: "a"}, {Value: "b", Label: "B"}}},
		&schema.Property{Object: schema.Contact, Type: schema.TypeEnumeration, Label: "Other", Options: []schema.Option{{Value: "b"}, {Value: "c"}}},
	},
	{
		schema.KindPipeline,
		&schema.Pipeline{Label: "Sample", Stages: []schema.Stage{{ID: "one", Label: "One", Probability: 0.5}, {ID: "won", Label: "Won", Probability: 1, Closed: "won"}}},
		&schema.Pipeline{Label: "Renamed", Stages: []schema.Stage{{ID: "won", Label: "Won", Probability: 1, Closed: "won"}}},
	},
	{schema.KindList, &schema.List{Label: "Sample"}, &schema.List{Label: "Renamed"}},
	{
		schema.KindForm,
		&schema.Form{Label: "Sample", Fields: []string{"email", "firstname"}},
		&schema.Form{Label: "Renamed", Fields: []string{"firstname", "email"}},
	},
	{
		schema.KindEmail,
		&schema.Email{Label: "Sample", Subject: "Hello", Body: schema.Body{Text: "<p>Hello {{ contact.firstname }}</p>"}},
		&schema.Email{Label: "Renamed", Subject: "Bye", Body: schema.Body{Text: "Bye"}},
	},
}

// find returns the asset with the id, or nil. Its digest has to be what it says.
func (b *bench) find(kind schema.Kind, id string) *crm.Asset {
	b.t.Helper()
	a := b.listed(kind, id)
	digests, err := b.Digests(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	digest, ok := digests[crm.AssetID{Kind: kind, ID: id}]
	switch {
	case a == nil && ok:
		b.t.Errorf("there is a digest of %s %s, which is not there", kind, id)
	case a != nil && !ok && !a.Standard:
		b.t.Errorf("there is no digest of %s %s", kind, id)
	case a != nil && ok && digest != a.Digest():
		b.t.Errorf("the digest of %s %s is %x, want %x", kind, id, digest, a.Digest())
	}
	return a
}

func (b *bench) listed(kind schema.Kind, id string) *crm.Asset {
	b.t.Helper()
	assets, err := b.Assets(b.ctx, kind)
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.IsSortedFunc(assets, func(a, c crm.Asset) int { return strings.Compare(a.Key(), c.Key()) }) {
		b.t.Errorf("the assets of kind %s are not sorted by key", kind)
	}
	for _, a := range assets {
		if a.ID == id {
			return &a
		}
	}
	return nil
}

func testAssets(t *testing.T, b *bench) {
	for _, s := range samples {
		t.Run(string(s.kind), func(t *testing.T) {
			b := *b
			b.t = t
			id := b.asset(s.kind, "sample", s.before)
			a := b.find(s.kind, id)
			if a == nil {
				t.Fatalf("asset %s is not there after it was created", id)
			}
			if a.Kind != s.kind || a.Standard || !sameSpec(a, s.before) {
				t.Errorf("created: got %+v with %+v, want %+v", a, a.Spec, s.before)
			}
			a.Spec = s.after
			if err := b.UpdateAsset(b.ctx, *a); err != nil {
				t.Fatal(err)
			}
			if a = b.find(s.kind, id); a == nil || !sameSpec(a, s.after) {
				t.Errorf("updated: got %+v, want %+v", a, s.after)
			}
			if err := b.DeleteAsset(b.ctx, s.kind, id); err != nil {
				t.Fatal(err)
			}
			if a = b.find(s.kind, id); a != nil {
				t.Errorf("it is there after it was deleted")
			}
			if err := b.DeleteAsset(b.ctx, s.kind, id); !errors.Is(err, crm.ErrNotFound) {
				t.Errorf("deleted again: got %v, want ErrNotFound", err)
			}
			if err := b.UpdateAsset(b.ctx, crm.Asset{Kind: s.kind, ID: id, Name: "sample", Spec: s.before}); !errors.Is(err, crm.ErrNotFound) {
				t.Errorf("updated after it was deleted: got %v, want ErrNotFound", err)
			}
			b.asset(s.kind, "sample", s.before) // its key is free again
		})
	}
}

// sameSpec compares what an asset says. By which name the language calls a
// property is not a vendor's matter.
func sameSpec(a *crm.Asset, want schema.Spec) bool {
	got, wanted := a.Spec.Canonical(), want.Canonical()
	if p, ok := got.(*schema.Property); ok {
		p.Name = ""
	}
	return reflect.DeepEqual(got, wanted)
}

func testAssetKeys(t *testing.T, b *bench) {
	for _, s := range samples {
		t.Run(string(s.kind), func(t *testing.T) {
			b := *b
			b.t = t
			id := b.asset(s.kind, "sample", s.before)
			same := crm.Asset{Kind: s.kind, Name: "sample", Spec: s.before}
			if s.kind != schema.KindProperty {
				same.Name = "another-name"
			}
			if _, err := b.CreateAsset(b.ctx, same); existing(err) != id {
				t.Errorf("created again: got %v, want an ExistsError with id %s", err, id)
			}
			if s.kind == schema.KindProperty {
				return // its key is the name, and not what the sample changes
			}
			other := b.asset(s.kind, "other", s.after)
			if err := b.UpdateAsset(b.ctx, crm.Asset{Kind: s.kind, ID: other, Name: "other", Spec: s.before}); existing(err) != id {
				t.Errorf("given the key of another: got %v, want an ExistsError with id %s", err, id)
			}
			if a := b.find(s.kind, other); a == nil || !sameSpec(a, s.after) {
				t.Errorf("an update that was refused has changed the asset: %+v", a)
			}
		})
	}
	t.Run("case and space", func(t *testing.T) {
		id := b.asset(schema.KindList, "spelled", &schema.List{Label: "Spelled Out"})
		_, err := b.CreateAsset(b.ctx, crm.Asset{Kind: schema.KindList, Name: "x", Spec: &schema.List{Label: " spelled OUT "}})
		if existing(err) != id {
			t.Errorf("got %v, want an ExistsError with id %s", err, id)
		}
	})
	t.Run("another object", func(t *testing.T) {
		b.property(schema.Contact, "shared", schema.TypeString)
		b.property(schema.Company, "shared", schema.TypeString)
	})
}

func testUsers(t *testing.T, b *bench) {
	anna := &schema.User{Email: "anna@acme.example", Access: []schema.Access{{Seats: []string{schema.SeatSales}}}}
	id, err := b.CreateAsset(b.ctx, crm.Asset{Kind: schema.KindUser, Name: "anna", Spec: anna})
	if !b.can.Users {
		if !errors.Is(err, crm.ErrUnsupported) {
			t.Errorf("create a user: got %v, want ErrUnsupported", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	a := b.find(schema.KindUser, id)
	if a == nil || !sameSpec(a, anna) {
		t.Fatalf("created: got %+v", a)
	}
	if _, err := b.CreateAsset(b.ctx, crm.Asset{Kind: schema.KindUser, Spec: &schema.User{Email: " Anna@Acme.example "}}); existing(err) != id {
		t.Errorf("the same address: got %v, want an ExistsError with id %s", err, id)
	}
	after := &schema.User{Email: anna.Email, Access: []schema.Access{{Seats: []string{schema.SeatService}, Sees: &schema.Sees{Contacts: "owned"}}}}
	if err := b.UpdateAsset(b.ctx, crm.Asset{Kind: schema.KindUser, ID: id, Name: "anna", Spec: after}); err != nil {
		t.Fatal(err)
	}
	if a = b.find(schema.KindUser, id); a == nil || !sameSpec(a, after) {
		t.Errorf("updated: got %+v", a)
	}
	if err := b.DeleteAsset(b.ctx, schema.KindUser, id); err != nil {
		t.Fatal(err)
	}
	if b.find(schema.KindUser, id) != nil {
		t.Errorf("the user is there after it was deleted")
	}
}

func testManyKinds(t *testing.T, b *bench) {
	for _, s := range samples {
		b.asset(s.kind, "sample", s.before)
	}
	kinds := []schema.Kind{schema.KindForm, schema.KindProperty, schema.KindList}
	got, err := b.Assets(b.ctx, kinds...)
	if err != nil {
		t.Fatal(err)
	}
	var want []crm.Asset
	for _, k := range kinds {
		of, err := b.Assets(b.ctx, k)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, of...)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("several kinds at once: got %d assets, want those of each kind in turn (%d)", len(got), len(want))
	}
	if none, err := b.Assets(b.ctx); err != nil || len(none) != 0 {
		t.Errorf("no kinds: got %d assets, %v", len(none), err)
	}
	if _, err := b.Assets(b.ctx, schema.KindList, schema.KindWorkflow); !isInvalid(err) {
		t.Errorf("a kind of which accounts have no assets: got %v, want an InvalidError", err)
	}
	digests, err := b.Digests(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(digests) != len(samples) {
		t.Errorf("got %d digests for the %d assets that were created", len(digests), len(samples))
	}
}

func testStandardAssets(t *testing.T, b *bench) {
	digests, err := b.Digests(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(digests) != 0 {
		t.Errorf("there are digests of %d standard assets", len(digests))
	}
	properties, err := b.Assets(b.ctx, schema.KindProperty)
	if err != nil {
		t.Fatal(err)
	}
	standard := map[string]crm.Asset{}
	for _, a := range properties {
		if a.Standard {
			standard[a.Key()] = a
		}
	}
	for object, want := range schema.StandardProperties {
		for _, p := range want {
			a, ok := standard[object+"/"+p.Name]
			if !ok {
				t.Errorf("%s.%s is not there, or not standard", object, p.Name)
				continue
			}
			if typ := a.Spec.(*schema.Property).Type; typ != p.Type {
				t.Errorf("%s.%s: type %s, want %s", object, p.Name, typ, p.Type)
			}
		}
	}
	email := standard["contact/email"]
	if _, err := b.CreateAsset(b.ctx, crm.Asset{
		Kind: schema.KindProperty, Name: "email", Spec: &schema.Property{Object: schema.Contact, Type: schema.TypeString},
	}); existing(err) != email.ID {
		t.Errorf("create contact.email: got %v, want an ExistsError with id %s", err, email.ID)
	}
	if err := b.DeleteAsset(b.ctx, schema.KindProperty, email.ID); !isInvalid(err) {
		t.Errorf("delete contact.email: got %v, want an InvalidError", err)
	}
	def := b.find(schema.KindPipeline, schema.DefaultPipelineName)
	if def == nil || !def.Standard {
		t.Fatalf("the default pipeline: got %+v", def)
	}
	for i, s := range def.Spec.(*schema.Pipeline).Stages {
		if want := schema.DefaultPipeline.Stages[i].ID; s.ID != want {
			t.Errorf("stage %d of the default pipeline: got %s, want %s", i, s.ID, want)
		}
	}
}
