package check

import (
	"strings"

	"accord/schema"
)

// example makes one YAML text of documents, each with its apiVersion, so that
// what accord explain prints can be tried as it is.
func example(documents ...string) string {
	var b strings.Builder
	for i, d := range documents {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.WriteString("apiVersion: " + schema.APIVersion + "\n")
		b.WriteString(strings.TrimPrefix(d, "\n"))
	}
	return b.String()
}

// What most examples stand on: two accounts that are sound in every way, their
// administrator, and the organization of the two.
const (
	exampleDE = `
kind: Account
metadata: {name: acme-de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}
`
	exampleUS = `
kind: Account
metadata: {name: acme-us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
`
	exampleAdmin = `
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true, seats: [sales]}
    - {account: acme-us, superAdmin: true, seats: [sales]}
`
	exampleOrganization = `
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us], administrator: anna}
`
)

// exampleGroup is the example's organization with the documents before it.
func exampleGroup(documents ...string) string {
	return example(append(documents, exampleDE, exampleUS, exampleAdmin, exampleOrganization)...)
}
