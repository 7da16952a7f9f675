package state_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"accord/kv"
	"accord/schema"
	"accord/state"
	"accord/state/statetest"
)

func TestVerify(t *testing.T) {
	resource := func(kind schema.Kind, name string, s schema.Spec) state.Record {
		return state.NewRecord(&schema.Resource{Kind: kind, Name: name, Spec: s})
	}
	de, us := resource(schema.KindAccount, "de", &schema.Account{}), resource(schema.KindAccount, "us", &schema.Account{})
	connection := resource(schema.KindConnection, "de-us", &schema.Connection{Between: []string{"de", "us"}})
	with := func(r state.Record, change func(*state.Record)) state.Record { change(&r); return r }
	intent := state.Intent{Ref: de.Ref, Account: "de", Action: "create", Kind: "Property", Key: "x"}
	tests := []struct {
		name     string
		records  []state.Record
		intents  []state.Intent
		released bool
		want     []string
	}{
		{name: "empty"},
		{name: "sound", records: []state.Record{de, us, connection}, released: true},
		{name: "reference to nothing", records: []state.Record{us, connection}, want: []string{"Connection/de-us: spec.between[0] refers to Account/de, which is not in the state"}},
		{name: "not a resource", records: []state.Record{with(de, func(r *state.Record) {
			r.Resource = []byte(`{"kind":"Account","metadata":7}`)
			r.Digest = schema.Digest(r.Resource)
		})}, want: []string{"Account/de: its resource cannot be read: json"}},
		{
			name: "another's resource", records: []state.Record{with(de, func(r *state.Record) { r.Ref.Name = "fr" })},
			want: []string{"Account/fr: the record holds Account/de"},
		},
		{
			name: "protection", records: []state.Record{with(de, func(r *state.Record) { r.PreventDestroy = true })},
			want: []string{"Account/de: the record and its resource disagree on preventDestroy"},
		},
		{name: "intent of a running apply", records: []state.Record{de}, intents: []state.Intent{intent}},
		{
			name: "intent of a killed apply", records: []state.Record{de}, intents: []state.Intent{intent}, released: true,
			want: []string{"Account/de: an apply was stopped before it knew the outcome of: create Property x in de"},
		},
		{
			name: "several", records: []state.Record{connection}, intents: []state.Intent{intent}, released: true,
			want: []string{"Account/de: an apply", "Connection/de-us: spec.between[0]", "Connection/de-us: spec.between[1]"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, s, l := fill(t)
			must(s.Write(ctx, l, 1, &state.Write{Put: test.records, PutIntents: test.intents}))
			if test.released {
				if err := s.Release(ctx, l); err != nil {
					t.Fatal(err)
				}
			}
			got, err := state.Verify(ctx, s)
			if err != nil || len(got) != len(test.want) {
				t.Fatalf("got %v, %v, want %q", got, err, test.want)
			}
			for i, p := range got {
				if !strings.HasPrefix(p.String(), test.want[i]) || p.Help == "" {
					t.Errorf("got %q (%s), want %q and help", p, p.Help, test.want[i])
				}
			}
		})
	}
}

func TestVerifyDamage(t *testing.T) {
	db, s, _ := fill(t, statetest.Record("a", ""))
	tamper(t, db, []byte("state/head"), func(b []byte) []byte { return []byte(strings.Replace(string(b), `"serial":1`, `"serial":0`, 1)) })
	tamper(t, db, key("ix"), func([]byte) []byte { return []byte{0, '{'} })
	got, err := state.Verify(ctx, s)
	if err != nil || len(got) != 2 || !strings.Contains(got[0].String(), "intent ix") && !strings.Contains(got[0].String(), "intent x") ||
		got[1].String() != "Property/a: it was written at serial 1, and the state has 0" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := state.Verify(ctx, state.NewKV(kv.CrashAfter(db, 0), state.Options{})); err != nil {
		t.Errorf("reading is no write: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Verify(ctx, s); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("a store that cannot be read: got %v, want ErrClosed", err)
	}
}

// finishing is a state whose last apply ends while it is verified: it looks at the lock
// after the apply, and at the intents before.
type finishing struct {
	*state.KV
	end func()
}

func (f *finishing) LockInfo(ctx context.Context) (*state.Lock, error) { return nil, nil }

func (f *finishing) Intents(ctx context.Context) ([]state.Intent, error) {
	out, err := f.KV.Intents(ctx)
	if f.end != nil {
		f.end()
		f.end = nil
	}
	return out, err
}

func TestVerifyWhileAnotherWrites(t *testing.T) {
	_, s, l := fill(t)
	r := statetest.Record("a", "")
	intent := state.Intent{Ref: r.Ref, Account: "de", Action: "create", Kind: "Property", Key: "a"}
	must(s.Write(ctx, l, 1, &state.Write{PutIntents: []state.Intent{intent}}))
	f := &finishing{s, func() {
		must(s.Write(ctx, l, 2, &state.Write{Put: []state.Record{r}, DeleteIntents: []state.Intent{intent}}))
	}}
	if got, err := state.Verify(ctx, f); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing: the intent was about to be done", got, err)
	}
}
