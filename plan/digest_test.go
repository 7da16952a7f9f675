package plan_test

import (
	"testing"

	"accord/schema"
)

// spelled is the group with defaults written out and sets in another order.
func TestDigestOfSpelledOutDefaults(t *testing.T) {
	nothing := "apiVersion: accord/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n"
	spelled := edit(t, group,
		"platform: hubspot, hosting: eu1", "platform: hubspot, type: standard, status: active, sensitiveData: false, hosting: eu1",
		"accounts: [acme-de, acme-us], label: News", "accounts: [acme-us, acme-de], object: contact, membership: manual, label: News",
		"primary: acme-de, accounts: [acme-de, acme-us]", "limits: hubspot, primary: acme-de, accounts: [acme-us, acme-de]",
		"between: [acme-de, acme-us]", "between: [acme-us, acme-de]",
		"dataMirroring: {}", "dataMirroring: {direction: two-way}",
		"twoFactor: true", "twoFactor: !!bool true")
	want := mustMake(t, change(t, nothing, group)).Digest
	if got := mustMake(t, change(t, nothing, spelled)).Digest; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	if p := mustMake(t, change(t, group, spelled)); p.HasChanges() {
		t.Errorf("a change of the spelling is a change: %q", actions(p))
	}
}

func TestDigestOfAnotherDeed(t *testing.T) {
	changed := edit(t, group, "label: News", "label: Letters")
	seen := map[string]string{}
	add := func(name, digest string) {
		if other, ok := seen[digest]; ok {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[digest] = name
	}
	add("nothing", mustMake(t, change(t, group, group)).Digest)
	add("another label", mustMake(t, change(t, group, changed)).Digest)
	add("a third label", mustMake(t, change(t, group, edit(t, group, "label: News", "label: letters"))).Digest)
	add("back again", mustMake(t, change(t, changed, group)).Digest)
	add("one account less", mustMake(t, change(t, group, edit(t, group, "accounts: [acme-de, acme-us], label", "accounts: [acme-de], label"))).Digest)
	add("a deletion", mustMake(t, change(t, group, without(t, group, "List/news"))).Digest)
	add("another protection", mustMake(t, change(t, group, edit(t, group, "metadata: {name: news}\n", "metadata: {name: news}\nlifecycle: {preventDestroy: true}\n"))).Digest)
	add("a rename", mustMake(t, change(t, group, edit(t, group, "metadata: {name: news}", "metadata: {name: letters, renamedFrom: news}"))).Digest)
	add("a rename that is forgotten", mustMake(t, change(t, group, edit(t, group, "metadata: {name: news}", "metadata: {name: letters}"))).Digest)

	// The same change of the configuration, of another account.
	in := change(t, group, changed)
	in.Live["acme-de"].Assets[schema.KindList] = nil
	add("a list that is missing", mustMake(t, in).Digest)
	in = change(t, group, changed)
	in.Live["acme-de"].Assets[schema.KindList][0].Spec = &schema.List{Label: "By hand"}
	add("a list that was changed by hand", mustMake(t, in).Digest)
	in = change(t, group, group)
	in.Live["acme-de"].Assets[schema.KindList][0].Spec = &schema.List{Label: "By hand"}
	add("only that", mustMake(t, in).Digest)
	in = change(t, group, group)
	in.Options.Destroy = true
	add("a destruction", mustMake(t, in).Digest)
}
