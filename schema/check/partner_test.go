package check_test

import (
	"strings"
	"testing"
)

const agencyHQ = `
kind: Account
metadata: {name: hq}
spec: {platform: hubspot, hosting: eu1, type: partner}
---
kind: User
metadata: {name: eva}
spec: {email: eva@agency.example, access: [{account: hq, superAdmin: true}, {account: acme-de}]}
---
`

func partner(fields string) string {
	return "\nkind: Partner\nmetadata: {name: agency}\nspec:\n  account: hq\n  administrator: eva\n" + fields
}

func person(name, email string, accounts ...string) string {
	access := make([]string, len(accounts))
	for i, a := range accounts {
		access[i] = "{account: " + a + "}"
	}
	return "\n---\nkind: User\nmetadata: {name: " + name + "}\nspec: {email: \"" + email + "\", access: [" + strings.Join(access, ", ") + "]}\n"
}

func TestPartners(t *testing.T) {
	sound := partner("  employeeEmailDomain: agency.example\n  clients: [acme-de]\n")
	domain := func(d string) string { return partner("  clients: [acme-de]\n  employeeEmailDomain: " + d + "\n") }
	other := func(d string) string {
		return "---\nkind: Account\nmetadata: {name: hq2}\nspec: {platform: hubspot, hosting: eu1, type: partner}\n" +
			"---\nkind: Partner\nmetadata: {name: a-later-one}\nspec:\n  account: hq2\n  employeeEmailDomain: " + d + "\n"
	}
	for name, text := range map[string]string{
		"sound": agencyHQ + sound,

		"a standard account": strings.Replace(agencyHQ, ", type: partner", "", 1) + strings.Replace(sound, "account: hq", "account: hq # want partner-account-needed 12 error", 1),
		"a test account":     strings.Replace(agencyHQ, "type: partner", "type: test", 1) + strings.Replace(sound, "account: hq", "account: hq # want partner-account-needed 12 error", 1),
		"no account":         agencyHQ + strings.Replace(sound, "account: hq", "account: hk # want reference-unknown 12 error", 1),

		"a shared provider's":       agencyHQ + domain("gmail.com # want partner-domain-shared 24 error"),
		"case ignored":              agencyHQ + domain("GMX.de # want partner-domain-shared 24 error"),
		"below a shared provider's": agencyHQ + domain("agency.gmx.de # want partner-domain-shared 24 error"),
		"beside a shared one":       strings.Replace(agencyHQ, "@agency.example", "@mygmail.com", 1) + domain("mygmail.com"),

		"an address":        agencyHQ + domain("eva@agency.example # want partner-domain-invalid 24 error"),
		"a word":            agencyHQ + domain("agency # want partner-domain-invalid 24 error"),
		"a public suffix":   agencyHQ + domain("co.uk # want partner-domain-invalid 24 error"),
		"internationalized": strings.Replace(agencyHQ, "eva@agency.example", "eva@xn--agentr-7ya.example", 1) + domain("agentür.example"),
		"with an underline": agencyHQ + domain("my_agency.example # want partner-domain-invalid 24 error"),

		"two domains":            agencyHQ + sound + other("studio.example"),
		"the same domain":        agencyHQ + sound + other("agency.example # want partner-domain-not-unique 24 error"),
		"the same, case ignored": agencyHQ + sound + other("AGENCY.example # want partner-domain-not-unique 24 error"),
		"the same in ASCII": strings.Replace(agencyHQ, "eva@agency.example", "eva@agentür.example", 1) + domain("agentür.example") +
			other("xn--agentr-7ya.example # want partner-domain-not-unique 24 error"),
		"the same shared one is another cause": agencyHQ + domain("gmail.com # want partner-domain-shared 24 error") + other("gmail.com # want partner-domain-shared 24 error"),

		"no domain": agencyHQ + partner("  clients: [acme-de]\n") + "#missing",

		"an administrator without the right": strings.Replace(agencyHQ, ", superAdmin: true", "", 1) + strings.Replace(sound, "administrator: eva", "administrator: eva # want partner-needs-super-admin 18 error", 1),
		"super admin elsewhere":              strings.Replace(agencyHQ, "hq, superAdmin: true}, {account: acme-de", "hq}, {superAdmin: true, account: acme-de", 1) + strings.Replace(sound, "administrator: eva", "administrator: eva # want partner-needs-super-admin 18 error", 1),
		"no administrator":                   agencyHQ + strings.Replace(sound, "  administrator: eva\n", "", 1),

		"client access to a client": agencyHQ + sound + "  clientAccess: [{user: eva, accounts: [acme-de]}]\n",
		"to another":                agencyHQ + sound + "  clientAccess: [{user: eva, accounts: [acme-de, acme-us]}] # want client-access-not-a-client 50 error\n",
		"to its own":                agencyHQ + sound + "  clientAccess: [{user: eva, accounts: [hq]}] # want client-access-not-a-client 41 error\n",
		"to an unknown one":         agencyHQ + sound + "  clientAccess: [{user: eva, accounts: [acme-fr]}] # want reference-unknown 41 error\n",

		"a freelancer with access to the partner's account": agencyHQ + sound + "#at spec" + person("fred", "fred@fred.example", "hq", "acme-de"),
		"a freelancer in client access for it":              agencyHQ + sound + "  clientAccess: [{user: fred, accounts: [acme-de]}]\n" + person("fred", "fred@fred.example", "acme-de"),
		"a freelancer in client access for another":         agencyHQ + strings.Replace(sound, "[acme-de]", "[acme-de, acme-us]", 1) + "  clientAccess: [{user: fred, accounts: [acme-us]}] # want employee-needs-client-access 41 info\n" + person("fred", "fred@fred.example", "acme-de"),
		"a freelancer who works for no client":              agencyHQ + sound + person("fred", "fred@fred.example", "hq", "acme-us"),
		"the client's own staff":                            agencyHQ + sound + person("jim", "jim@acme.example", "acme-de"),
		"one with the domain":                               agencyHQ + sound + person("ed", "Ed@AGENCY.example", "hq", "acme-de"),

		"one more at another domain": agencyHQ + strings.Replace(sound, "agency.example", "agency.example # want partner-domain-minority 24 warning", 1) +
			"  clientAccess: [{user: f1, accounts: [acme-de]}, {user: f2, accounts: [acme-de]}]\n" +
			person("f1", "f1@group.example", "acme-de") + person("f2", "f2@group.example", "acme-de"),
		"two at another, and nobody in client access": strings.Replace(agencyHQ, "{account: acme-de}", "", 1) + strings.Replace(sound, "agency.example", "agency.example # want partner-domain-minority 24 warning", 1) +
			person("f1", "f1@group.example", "hq", "acme-de") + person("f2", "f2@group.example", "hq", "acme-de"),
		"one freelancer, and nobody else in client accounts": strings.Replace(agencyHQ, "{account: acme-de}", "", 1) + sound + "#at spec" + person("fred", "fred@fred.example", "hq", "acme-de"),
		"as many at another": agencyHQ + sound + "  clientAccess: [{user: f1, accounts: [acme-de]}]\n" + person("f1", "f1@group.example", "acme-de"),
		"more, but each at its own": agencyHQ + sound + "  clientAccess: [{user: f1, accounts: [acme-de]}, {user: f2, accounts: [acme-de]}]\n" +
			person("f1", "f1@one.example", "acme-de") + person("f2", "f2@two.example", "acme-de"),
		"the client's staff is not counted": agencyHQ + sound + person("j1", "j1@acme.example", "acme-de") + person("j2", "j2@acme.example", "acme-de"),
	} {
		t.Run(name, func(t *testing.T) {
			var more []string
			switch {
			case strings.Contains(text, "#missing"):
				text = strings.Replace(text, "#missing", "", 1)
				more = []string{"partner-domain-missing main.yaml:40:1 warning"}
			case strings.Contains(text, "#at spec"):
				text = strings.Replace(text, "#at spec", "", 1)
				more = []string{"employee-needs-client-access main.yaml:40:1 info"}
			}
			expect(t, group+text, more...)
		})
	}
}

func TestPartnerMessages(t *testing.T) {
	d := findingOf(t, "partner-domain-missing", group+strings.Replace(agencyHQ, "agency.example", "gmail.com", 1)+partner(""))
	if !strings.HasPrefix(d.Help, "All people of agency have addresses of shared mail providers") {
		t.Errorf("help %q", d.Help)
	}
	d = findingOf(t, "employee-needs-client-access", group+agencyHQ+partner("  employeeEmailDomain: agency.example\n  clients: [acme-de]\n")+
		person("fred", "fred@fred.example", "hq", "acme-de"))
	if d.Message != "fred works in acme-de with an address at fred.example, not at agency.example" || len(d.Related) != 1 {
		t.Errorf("%q, related %v", d.Message, d.Related)
	}
}
