package check_test

import (
	"strings"
	"testing"

	"accord/schema"
	"accord/schema/check"
)

// account is an account with other facts than those of the group.
func account(name, facts string) string {
	return "kind: Account\nmetadata: {name: " + name + "}\nspec: {platform: hubspot, hosting: eu1, " + facts + "}\n---\n"
}

func TestPrimary(t *testing.T) {
	for name, text := range map[string]string{
		"Marketing Hub Enterprise": account("de", "subscriptions: {marketing: enterprise}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]}
`,
		"Enterprise of another hub": account("de", "subscriptions: {sales: enterprise, marketing: professional}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]} # want organization-needs-enterprise 17 error
`,
		"another member has it": account("de", "subscriptions: {marketing: professional}") + account("us", "subscriptions: {marketing: enterprise}") + `
kind: Organization
metadata: {name: o}
spec:
  accounts: [de, us]
  primary: de # want organization-needs-enterprise 12 error
`,
		"no product at all is one finding": account("de", "subscriptions: {}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]} # want organization-needs-enterprise 17 error
`,
		"a sandbox has no other fault": account("de", "type: sandbox, subscriptions: {marketing: free}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]} # want account-not-eligible 32 error
`,
		"a primary that is not declared": account("de", "subscriptions: {marketing: enterprise}") + `
kind: Organization
metadata: {name: o}
spec: {primary: dd, accounts: [dd, de]} # want reference-unknown 17 error, reference-unknown 32 error
`,
		"a primary that is no member": account("de", "subscriptions: {marketing: enterprise}") + account("us", "subscriptions: {sales: professional}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [us]} # want primary-not-member 17 error
`,
		"a primary that is no member, deactivated": account("de", "status: deactivated, subscriptions: {marketing: enterprise}") +
			account("us", "subscriptions: {sales: professional}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [us]} # want primary-not-member 17 error, account-deactivated 17 error
`,
		"no accounts": account("de", "subscriptions: {marketing: enterprise}") + `
kind: Organization
metadata: {name: o}
spec: {primary: de} # want primary-not-member 17 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, text) })
	}
}

func TestPrimarySaysWhichMemberCouldBe(t *testing.T) {
	d := findingOf(t, "organization-needs-enterprise", account("de", "subscriptions: {marketing: professional}")+
		account("us", "status: deactivated, subscriptions: {marketing: enterprise}")+account("fr", "subscriptions: {marketing: enterprise}")+`
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us, fr]}
`)
	if !strings.HasPrefix(d.Help, "Make fr the primary") {
		t.Errorf("help %q does not name the active account with Enterprise", d.Help)
	}
	if len(d.Related) != 1 || d.Related[0].Line != 3 {
		t.Errorf("related %v, want the subscriptions of de in line 3", d.Related)
	}
}

func TestSize(t *testing.T) {
	five := account("a", "subscriptions: {marketing: enterprise}")
	for _, n := range []string{"b", "c", "d", "e", "f", "g"} {
		five += account(n, "subscriptions: {sales: professional}")
	}
	for name, text := range map[string]string{
		"five": `
kind: Organization
metadata: {name: o}
spec: {primary: a, accounts: [a, b, c, d, e]}
`,
		"six": `
kind: Organization
metadata: {name: o}
spec: {primary: a, accounts: [a, b, c, d, e, f]} # want organization-too-large 46 error
`,
		"seven are one finding, at the sixth": `
kind: Organization
metadata: {name: o}
spec:
  primary: a
  accounts:
    - a
    - b
    - c
    - d
    - e
    - f # want organization-too-large 7 error
    - g
`,
		"limits: extended is about workflows": `
kind: Organization
metadata: {name: o}
spec: {limits: extended, primary: a, accounts: [a, b, c, d, e, f]} # want organization-too-large 64 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, five+text) })
	}
}

func TestOneOrganization(t *testing.T) {
	accounts := account("a", "subscriptions: {marketing: enterprise}") + account("b", "subscriptions: {marketing: enterprise}") +
		account("c", "subscriptions: {sales: professional}")
	for name, text := range map[string]string{
		"apart": `
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a, c]}
---
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [b]}
`,
		"found at the second as written": `
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [b, c]}
---
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a, c]} # want account-in-two-organizations 34 error
`,
		"as primary": `
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a, b]}
---
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [c]} # want account-in-two-organizations 17 error, primary-not-member 17 error
`,
		"an account that there is not": `
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a, x]} # want reference-unknown 34 error
---
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [b, x]} # want reference-unknown 34 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, accounts+text) })
	}
	d := findingOf(t, "account-in-two-organizations", accounts+`
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a, c]}
---
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [b, c]}
`)
	if d.Message != "c belongs to Organization/one already" || len(d.Related) != 1 || d.Address != "Organization/two" {
		t.Errorf("%+v", d)
	}
}

func TestMembers(t *testing.T) {
	for name, tc := range map[string]struct{ facts, want string }{
		"Professional of any hub":     {"hosting: eu1, subscriptions: {commerce: professional}", ""},
		"Enterprise":                  {"hosting: eu1, subscriptions: {service: enterprise}", ""},
		"a partner's account":         {"hosting: eu1, type: partner, subscriptions: {sales: professional}", ""},
		"Starter":                     {"hosting: eu1, subscriptions: {sales: starter, marketing: starter}", "account-tier-too-low"},
		"nothing":                     {"hosting: eu1", "account-tier-too-low"},
		"sandbox":                     {"hosting: eu1, type: sandbox, subscriptions: {sales: professional}", "account-not-eligible"},
		"trial":                       {"hosting: eu1, type: trial, subscriptions: {sales: professional}", "account-not-eligible"},
		"test":                        {"hosting: eu1, type: test, subscriptions: {sales: professional}", "account-not-eligible"},
		"deactivated":                 {"hosting: eu1, status: deactivated, subscriptions: {sales: professional}", "account-deactivated"},
		"elsewhere":                   {"hosting: na1, subscriptions: {sales: professional}", "hosting-location-differs"},
		"sandbox, deactivated, free":  {"hosting: na1, type: sandbox, status: deactivated", "account-not-eligible"},
		"deactivated and free":        {"hosting: na1, status: deactivated", "account-deactivated"},
		"free and elsewhere":          {"hosting: na1", "account-tier-too-low"},
		"active and standard, at all": {"hosting: eu1, type: standard, status: active, subscriptions: {sales: professional}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			if tc.want != "" {
				want = " # want " + tc.want + " 7 error"
			}
			expect(t, account("de", "subscriptions: {marketing: enterprise}")+
				"kind: Account\nmetadata: {name: us}\nspec: {platform: hubspot, "+tc.facts+"}\n---\n"+`
kind: Organization
metadata: {name: o}
spec:
  primary: de
  accounts:
    - de
    - us`+want+"\n")
		})
	}
	t.Run("another vendor's", func(t *testing.T) {
		expect(t, account("de", "subscriptions: {marketing: enterprise}")+`
kind: Account
metadata: {name: shop}
spec: {platform: brevo, plan: enterprise}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, shop]} # want account-not-eligible 36 error
`)
	})
}

func TestMemberFindingPointsAtTheFact(t *testing.T) {
	d := findingOf(t, "hosting-location-differs", account("de", "subscriptions: {marketing: enterprise}")+`
kind: Account
metadata: {name: us}
spec:
  platform: hubspot
  hosting: na1
  subscriptions: {sales: professional}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us]}
`)
	if d.Message != "us is hosted in na1, the primary de in eu1" {
		t.Errorf("message %q", d.Message)
	}
	if len(d.Related) != 2 || d.Related[0].String() != "main.yaml:11:12" || d.Related[1].String() != "main.yaml:3:36" {
		t.Errorf("related %v", d.Related)
	}
}

func TestAdministrator(t *testing.T) {
	accounts := account("de", "subscriptions: {marketing: enterprise}") + account("us", "subscriptions: {sales: professional}")
	organization := `
kind: Organization
metadata: {name: o}
spec:
  primary: de
  accounts: [de, us]
  administrator: anna`
	for name, tc := range map[string]struct{ user, want string }{
		"super admin in both":   {"twoFactor: true, access: [{account: de, superAdmin: true}, {account: us, superAdmin: true}]", ""},
		"without access to one": {"twoFactor: true, access: [{account: de, superAdmin: true}]", "administrator-not-super-admin 18 error"},
		"in none is one finding": {
			"twoFactor: true, access: [{account: de}, {account: us, superAdmin: false, partnerAdmin: true}]",
			"administrator-not-super-admin 18 error",
		},
		"without a second factor": {
			"twoFactor: false, access: [{account: de, superAdmin: true}, {account: us, superAdmin: true}]",
			"administrator-without-two-factor 18 error",
		},
		"neither": {
			"access: [{account: de, superAdmin: true}]",
			"administrator-not-super-admin 18 error, administrator-without-two-factor 18 error",
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			if tc.want != "" {
				want = " # want " + tc.want
			}
			expect(t, accounts+"kind: User\nmetadata: {name: anna}\nspec: {email: anna@acme.example, "+tc.user+"}\n---\n"+organization+want+"\n")
		})
	}
	t.Run("nobody", func(t *testing.T) {
		expect(t, accounts+strings.TrimSuffix(organization, "  administrator: anna"))
	})
}

func TestAdministratorOfManyLacksTheSecondFactorOnce(t *testing.T) {
	expect(t, account("a", "subscriptions: {marketing: enterprise}")+account("b", "subscriptions: {marketing: enterprise}")+`
kind: User
metadata: {name: eva}
spec: {email: eva@agency.example, access: [{account: a, superAdmin: true}, {account: b, superAdmin: true}]}
---
kind: Organization
metadata: {name: one}
spec: {primary: a, accounts: [a], administrator: eva} # want administrator-without-two-factor 50 error
---
kind: Organization
metadata: {name: two}
spec: {primary: b, accounts: [b], administrator: eva}
`)
}

func TestMembershipThrough(t *testing.T) {
	g, _, _ := resolve(t, files(group+account("fr", "subscriptions: {marketing: enterprise}")+account("it", "subscriptions: {marketing: enterprise}")+`
kind: Organization
metadata: {name: two}
spec: {primary: fr, accounts: [fr, acme-us]}
`))
	of := func(name string) *schema.Resource {
		return g.Get(schema.Ref{Kind: schema.KindOrganization, Name: name})
	}
	downgraded := func(account string) *schema.Facts {
		if account == "acme-de" {
			return &schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"marketing": "professional"}}
		}
		return nil
	}
	for _, tc := range []struct {
		name, organization, through string
		facts                       func(string) *schema.Facts
		message, help               string
	}{
		{name: "the primary by default", organization: "acme"},
		{name: "the primary by name", organization: "acme", through: "acme-de"},
		{
			name: "a member without it", organization: "acme", through: "acme-us",
			message: "--through acme-us has no Marketing Hub Enterprise, so Organization/acme cannot be changed through it", help: "Use --through acme-de.",
		},
		{
			name: "who is no member", organization: "two", through: "it",
			message: "--through it is no account of Organization/two, so it cannot be changed through it", help: "Use --through fr.",
		},
		{
			name: "live facts count", organization: "acme", facts: downgraded,
			message: "acme-de has no Marketing Hub Enterprise, so Organization/acme cannot be changed through it",
			help:    "No account of the organization has Marketing Hub Enterprise any more: upgrade one of them.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, refused := check.MembershipThrough(g, of(tc.organization), tc.through, tc.facts)
			if refused != (tc.message != "") || d.Message != tc.message || d.Help != tc.help {
				t.Errorf("got %v %q %q, want %q %q", refused, d.Message, d.Help, tc.message, tc.help)
			}
			if refused && d.Rule != "membership-needs-enterprise" {
				t.Errorf("rule %q", d.Rule)
			}
		})
	}
}

func TestThrough(t *testing.T) {
	declared, _, _ := resolve(t, files(group))
	applied, _, _ := resolve(t, files(account("fr", "")))
	for name, want := range map[string]string{
		"":         "",
		"acme-us":  "",
		"fr":       "",
		"acme-uss": `--through acme-uss is no account: did you mean "acme-us"?`,
		"anna":     "--through anna is no account: name an account of the organization",
	} {
		got := ""
		if err := check.Through(name, declared, applied); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("through %q: %q, want %q", name, got, want)
		}
	}
	if check.Through("fr", declared) == nil {
		t.Error("an account that is not declared")
	}
}
