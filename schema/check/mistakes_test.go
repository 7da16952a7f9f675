package check_test

import "testing"

// TestManyMistakes is a folder in which nearly every document is wrong, each in
// another way: every mistake is found in one run, at its place, once, and none
// is found a second time by a rule that depends on what is missing because of
// it.
func TestManyMistakes(t *testing.T) {
	expect(t, `
-- accord.yaml --
kind: Project
metadata: {name: acme}
spec:
  rules:
    follow-up-missing: off
    consent-mising: off     # want schema 5 error
    sensitive-source: info  # want schema 23 error
-- accounts.yaml --
kind: Account
metadata: {name: de, labels: {region: emea}}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}
---
kind: Account
metadata: {name: fr}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}, sensitiveData: true}
---
kind: Account
metadata: {name: free}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: starter}}
---
kind: Account
metadata: {name: us}
spec: {platform: hubspot, hosting: na1, subscriptions: {service: professional}}
---
kind: Account
metadata: {name: box}
spec: {platform: hubspot, type: sandbox, hosting: na1}
---
kind: Account
metadata: {name: old}
spec: {platform: hubspot, status: deactivated, hosting: eu1, subscriptions: {sales: enterprise}}
---
kind: Account
metadata: {name: it}
spec: {platform: hubspot, hostng: eu1, subscriptions: {sales: professional}} # want schema 27 error
---
kind: Account
metadata: {name: se}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: profesional}} # want schema 64 error
---
kind: Account
metadata: {name: shop}
spec: {platform: brevo, plan: free, apps: []}
---
kind: Account
metadata: {name: globex}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: professional}}
---
kind: Account
metadata: {name: hq}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: professional}}
---
kind: Account
metadata: {name: leaky}
spec:
  platform: hubspot
  hosting: eu1
  api: {token: pat-eu1-00000000-0000-0000-0000-000000000000} # want secret-inline 16 error
---
kind: Account
metadata: {name: de} # want duplicate-resource 18 error
spec: {platform: hubspot, hosting: eu1}
-- users.yaml --
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access: [{account: de, superAdmin: true, seats: [sales]}, {account: fr, superAdmin: true, seats: [sales]}]
---
kind: User
metadata: {name: ben, renamedFrom: anna} # want schema 36 error
spec:
  email: ben@acme.example
  access:
    - {account: shop}
    - {account: shop} # want schema 17 error
    - {account: globexx, superAdmin: true} # want reference-unknown 17 error
    - {account: globex, superAdmin: true}
-- organizations.yaml --
kind: Organization
metadata: {name: acme}
spec:
  primary: de
  administrator: anna # want administrator-not-super-admin 18 error
  accounts:
    - de
    - fr
    - free # want account-tier-too-low 7 error
    - us   # want hosting-location-differs 7 error
    - box  # want account-not-eligible 7 error
    - old  # want account-deactivated 7 error, organization-too-large 7 error
    - it
---
kind: Organization
metadata: {name: globex}
spec:
  primary: globex # want organization-needs-enterprise 12 error
  accounts:
    - globex
    - fr # want account-in-two-organizations 7 error
  administrator: ben # want administrator-not-super-admin 18 error, administrator-without-two-factor 18 error
-- connections.yaml --
kind: Connection
metadata: {name: de-fr}
spec:
  between: [de, fr]
  features:
    dataMirroring: {direction: one-way, from: fr} # want sensitive-source 47 error
    workflows: {direction: one-way, from: de}
    assetCopying: {direction: one-way} # want direction-needs-from 31 error
---
kind: Connection
metadata: {name: de-it}
spec: {between: [de, it], features: {workflows: {}}}
---
kind: Connection
metadata: {name: de-free}
spec:
  between: [de, free]
  features:
    dataMirroring: {direction: one-way, from: de} # want mirroring-needs-sales-or-service 20 error
---
kind: Connection
metadata: {name: de-globex}
spec: {between: [de, globex], features: {assetCopying: {}}} # want connection-outside-organization 17 error
---
kind: Connection
metadata: {name: de-us}
spec: {between: [de, us]} # want connection-without-features 1 warning
---
kind: Connection
metadata: {name: us-de}
spec: {between: [us, de], features: {workflows: {}}} # want duplicate-connection 17 error
---
kind: Connection
metadata: {name: us-us}
spec: {between: [us, us], features: {workflows: {}}} # want connection-to-itself 22 error
-- objects.yaml --
kind: Form
metadata: {name: contact-us}
spec: {accounts: [de], label: Contact us, fields: [email, shoesize]} # want reference-unknown 59 error
---
kind: List
metadata: {name: newsletter}
spec: {accountLabels: {region: emae}, label: Newsletter} # want reference-unknown 32 warning
---
kind: Email
metadata: {name: welcome}
spec: {accounts: [us], label: Welcome}
---
kind: AssetCopy
metadata: {name: kit}
spec:
  from: us
  to: [fr] # want asset-copy-not-connected 8 error
  assets:
    - email: Wellcome # want asset-not-found 14 error
    - pipeline: Sales # want asset-kind-not-copyable 7 error
-- workflows.yaml --
kind: Workflow
metadata: {name: forward}
spec:
  account: de
  trigger: {on: form.submitted, form: contact-us, where: contact.contry == "FR"} # want condition-invalid 66 error
  steps:
    - upsertContact:
        in: us # want workflow-not-connected 13 error
        target: last-updated # want target-does-not-fit-trigger 17 error
    - upsertContact: {in: it, target: enrolled}
---
kind: Workflow
metadata: {name: back}
spec:
  account: de
  trigger: {on: deal.created}
  steps:
    - createDeal:
        in: fr
        target: enrolled
        pipeline:
          name: default
          stage: closedwonn # want stage-not-found 18 error
    - setMarketingContact: true # want contact-source-missing 7 error
---
kind: Workflow
metadata: {name: owners}
spec:
  account: shop
  trigger: {on: contact.created}
  steps:
    - assignOwner: # want automation-app-missing 7 error, default-list-missing 7 warning
        rotate: [ben, anna] # want rotation-needs-premium 17 error, rotation-needs-two-users 17 error
-- partner.yaml --
kind: Partner
metadata: {name: agency}
spec:
  account: hq # want partner-account-needed 12 error
  employeeEmailDomain: gmail.com # want partner-domain-shared 24 error
  clients: [de]
  clientAccess: [{user: ben, accounts: [us]}] # want client-access-not-a-client 41 error
-- broken.yaml --
kind: Connection
metadata:
  name: de-se
	spec: {}
`, "yaml-syntax broken.yaml:4:1 error")
}
