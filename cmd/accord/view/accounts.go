package view

import (
	"io"
	"maps"
	"slices"
	"strings"

	"accord/schema"
	"accord/schema/check"
)

// AccountsJSON writes the accounts and where each stands.
func AccountsJSON(w io.Writer, accounts []check.AccountReport) error {
	return JSON(w, struct {
		FormatVersion string                `json:"formatVersion"`
		Accounts      []check.AccountReport `json:"accounts"`
	}{FormatVersion, orEmpty(accounts)})
}

// AccountsText writes a line for each account: its organization, or the rules
// that keep it out.
func AccountsText(w io.Writer, accounts []check.AccountReport, s Style) error {
	o := newOutput(w, s)
	if len(accounts) == 0 {
		o.put("No accounts.\n")
		return o.Flush()
	}
	t := o.table()
	put(t, "ACCOUNT\tPLATFORM\tORGANIZATION\tKEPT OUT BY\n")
	for _, a := range accounts {
		put(t, visible(a.Name), "\t", visible(a.Platform), "\t", visible(firstOf(a.Organization, "-")), "\t",
			firstOf(strings.Join(a.Rules, ", "), "-"), "\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return o.Flush()
}

// FactsText writes what an account reports of itself, as accord crm facts takes
// it.
func FactsText(w io.Writer, f schema.Facts) error {
	o := newOutput(w, Style{})
	line := func(name, value string) {
		if value != "" {
			o.put(name, "=", visible(value), "\n")
		}
	}
	line("platform", f.Platform)
	line("type", f.AccountType())
	line("status", firstOf(f.Status, schema.StatusActive))
	line("hosting", f.Hosting)
	for _, hub := range slices.Sorted(maps.Keys(f.Subscriptions)) {
		line("subscriptions."+visible(hub), f.Subscriptions[hub])
	}
	line("plan", f.Plan)
	line("apps", strings.Join(f.Apps, ","))
	if f.SensitiveData {
		line("sensitiveData", "true")
	} else {
		line("sensitiveData", "false")
	}
	return o.Flush()
}
