package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"gopkg.in/yaml.v3"
)

// agency writes the repository of an agency: organizations of five accounts with
// their connections, users and workflows, about 420 bytes a document.
func agency(documents int) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i, n := 0, 0; n < documents; i++ {
		var b strings.Builder
		doc := func(format string, args ...any) {
			if n < documents {
				fmt.Fprintf(&b, "---\napiVersion: accord/v1\n"+format, args...)
				n++
			}
		}
		org := fmt.Sprintf("client-%05d", i)
		doc(`kind: Organization
metadata:
  name: %[1]s
  labels: {tier: gold, region: emea}
  description: The accounts of the client and its four brands, held together since the merger of the two houses.
spec:
  primary: %[1]s-0
  accounts: [%[1]s-0, %[1]s-1, %[1]s-2, %[1]s-3, %[1]s-4]
  administrator: %[1]s-anna
`, org)
		for a := range 5 {
			doc(`kind: Account
metadata:
  name: %s-%d
  labels: {region: emea, client: %s}
  description: One of the brands of the client, with its own marketing and sales.
spec:
  platform: hubspot
  hosting: eu1
  subscriptions:
    marketing: enterprise
    sales: professional
    service: professional
`, org, a, org)
		}
		for a := 1; a < 5; a++ {
			doc(`kind: Connection
metadata:
  name: %[1]s-0-%[2]d
  labels: {client: %[1]s}
spec:
  between: [%[1]s-0, %[1]s-%[2]d]
  features:
    dataMirroring: {}
    workflows:
      direction: one-way
      from: %[1]s-0
    assetCopying:
      direction: two-way
`, org, a)
			doc(`kind: Workflow
metadata:
  name: %[1]s-cross-sell-%[2]d
spec:
  account: %[1]s-0
  trigger:
    on: deal.property-changed
    property: dealstage
    where: deal.dealstage == "closedwon" && deal.amount > 1000.0
  steps:
    - id: tell
      upsertContact:
        in: %[1]s-%[2]d
        target: all-associated
        createIfMissing: true
        crossSell: "yes"
        consent: {legalBasis: legitimate-interest-customer}
    - wait: 48h
    - if: contact.country == "US"
      then:
        - setProperties: {city: Boston}
`, org, a)
		}
		for u := range 3 {
			doc(`kind: User
metadata:
  name: %[1]s-%[2]s
spec:
  email: %[2]s@%[1]s.example
  twoFactor: true
  access:
    - {account: %[1]s-0, superAdmin: true, seats: [sales]}
    - {account: %[1]s-1, superAdmin: true}
    - {account: %[1]s-2, seats: [service], permissions: [view-connected-record-data]}
    - {account: %[1]s-3, sees: {contacts: owned, companies: all}}
`, org, []string{"anna", "ben", "eva"}[u])
		}
		fsys[org+".yaml"] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

// cpu is the processor time that the process has used, garbage collection
// included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func decodeOnly(b *testing.B, fsys fstest.MapFS) {
	for _, f := range fsys {
		dec := yaml.NewDecoder(bytes.NewReader(f.Data))
		for {
			var n yaml.Node
			if err := dec.Decode(&n); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkLoad reads a project of 10,000 documents, and compares the processor
// time with that of merely decoding the same bytes into nodes.
func BenchmarkLoad(b *testing.B) {
	fsys := agency(10_000)
	size := 0
	for _, f := range fsys {
		size += len(f.Data)
	}
	var decode, load time.Duration
	for b.Loop() {
		start := cpu(b)
		decodeOnly(b, fsys)
		middle := cpu(b)
		r, err := Dir(b.Context(), fsys, Options{Parallelism: 1})
		if err != nil || len(r.Diagnostics) > 0 {
			b.Fatal(err, r.Diagnostics)
		}
		decode += middle - start
		load += cpu(b) - middle
	}
	b.ReportMetric(float64(size)/10_000, "B/document")
	b.ReportMetric(decode.Seconds()/float64(b.N), "cpu-s-decode")
	b.ReportMetric(load.Seconds()/float64(b.N), "cpu-s-load")
	b.ReportMetric(float64(load)/float64(decode), "load/decode")
}

func BenchmarkDecodeOnly(b *testing.B) {
	fsys := agency(10_000)
	for b.Loop() {
		decodeOnly(b, fsys)
	}
}
