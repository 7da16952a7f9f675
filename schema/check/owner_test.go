package check_test

import (
	"strings"
	"testing"
)

// shop is a brevo account with two users and a list.
const shop = `
kind: Account
metadata: {name: shop}
spec: {platform: brevo, plan: premium, apps: [automation]}
---
kind: List
metadata: {name: leads}
spec: {accounts: [shop], label: Leads}
---
kind: User
metadata: {name: anna}
spec: {email: anna@shop.example, access: [{account: shop}]}
---
kind: User
metadata: {name: ben}
spec: {email: ben@shop.example, access: [{account: shop}]}
---
kind: User
metadata: {name: eva}
spec: {email: eva@shop.example}
---
`

func assign(step string) string {
	return strings.Replace(workflowIn("contact.created", "\n    - assignOwner: "+step+"\n"), "acme-de", "shop", 1)
}

func TestOwners(t *testing.T) {
	noApp := strings.Replace(shop, ", apps: [automation]", "", 1)
	plan := func(p string) string { return strings.Replace(shop, "premium", p, 1) }
	alone := strings.Replace(shop, "ben@shop.example, access: [{account: shop}]", "ben@shop.example", 1)
	hubspot := func(subscriptions string) string {
		return strings.Replace(shop, "platform: brevo, plan: premium, apps: [automation]", "platform: hubspot, hosting: eu1, subscriptions: {"+subscriptions+"}", 1)
	}
	for name, text := range map[string]string{
		"app":                          shop + assign("{user: anna, list: leads}"),
		"no app":                       noApp + assign("{user: anna, list: leads} # want automation-app-missing 20 error"),
		"no app, two steps, one cause": noApp + assign("{user: anna, list: leads} # want automation-app-missing 20 error\n    - assignOwner: {none: true}"),
		"another app":                  strings.Replace(shop, "[automation]", "[meetings]", 1) + assign("{none: true} # want automation-app-missing 20 error"),
		"hubspot has no apps":          hubspot("sales: professional") + assign("{user: anna}"),
		"nothing is assigned":          noApp + strings.Replace(workflowIn("contact.created", "\n    - wait: 1d\n"), "acme-de", "shop", 1),

		"premium":                       shop + assign("{rotate: [anna, ben], list: leads}"),
		"enterprise":                    plan("enterprise") + assign("{rotate: [anna, ben], list: leads}"),
		"professional is below premium": plan("professional") + assign("{list: leads, rotate: [anna, ben]} # want rotation-needs-premium 42 error"),
		"no rotation needs no premium":  plan("free") + assign("{user: anna, list: leads}"),
		"sales professional":            hubspot("sales: professional") + assign("{rotate: [anna, ben]}"),
		"service enterprise":            hubspot("service: enterprise") + assign("{rotate: [anna, ben]}"),
		"marketing enterprise alone":    hubspot("marketing: enterprise, sales: starter") + assign("{rotate: [anna, ben]} # want rotation-needs-premium 29 error"),

		"the same user twice":               shop + assign("{list: leads, rotate: [anna, {user: anna, weight: 3}]} # want rotation-needs-two-users 42 error"),
		"one user":                          shop + assign("{list: leads, rotate: [anna]} # want rotation-needs-two-users 42 error"),
		"one user of another account":       shop + assign("{list: leads, rotate: [eva]} # want rotation-needs-two-users 42 error, owner-not-a-user 43 error"),
		"three places, two users":           shop + assign("{list: leads, rotate: [anna, ben, anna]}"),
		"an account with one user":          alone + assign("{list: leads, rotate: [anna, ben]} # want rotation-needs-two-users 42 error"),
		"an account with one user, no turn": alone + assign("{list: leads, user: anna}"),
		"a second user with a finding":      strings.Replace(shop, "ben@shop.example, access", "ben@shop.example, acces", 1) + "#ben",

		"a list":               shop + assign("{user: anna, list: leads}"),
		"no list":              shop + assign("{user: anna} # want default-list-missing 20 warning"),
		"no list, in hubspot":  hubspot("sales: professional") + assign("{user: anna}"),
		"nobody joins no list": shop + assign("{none: true}"),

		"a user":                    shop + assign("{list: leads, user: ben}"),
		"no user of it":             shop + assign("{list: leads, user: eva} # want owner-not-a-user 40 error"),
		"in a rotation":             shop + assign("{list: leads, rotate: [anna, eva, {user: ben, weight: 2}]} # want owner-not-a-user 49 error"),
		"in a rotation, long":       shop + assign("{list: leads, rotate: [anna, ben, {user: eva, weight: 2}]} # want owner-not-a-user 54 error"),
		"as a fallback":             shop + assign("{list: leads, user: ben, fallback: eva} # want owner-not-a-user 55 error"),
		"one that is not declared":  shop + assign("{list: leads, user: bem} # want reference-unknown 40 error"),
		"in an account that is not": shop + strings.Replace(assign("{user: eva}"), "account: shop", "account: shpo # want reference-unknown 12 error", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasSuffix(text, "#ben") {
				text = strings.Replace(strings.TrimSuffix(text, "#ben"), "acces: [{account: shop}]}", "acces: [{account: shop}]} # want schema 33 error", 1) +
					assign("{list: leads, rotate: [anna, ben]}")
			}
			expect(t, text)
		})
	}
	d := findingOf(t, "rotation-needs-two-users", alone+assign("{rotate: [anna, ben], list: leads}"))
	if d.Message != "shop has the user anna alone, and rotation needs a second user" || d.Help != "Give ben access to shop." {
		t.Errorf("%q %q", d.Message, d.Help)
	}
}
