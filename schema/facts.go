package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The words of facts.
var (
	Platforms    = []string{HubSpot, Brevo}
	AccountTypes = []string{TypeStandard, TypeSandbox, TypeTrial, TypeTest, TypePartner}
	Statuses     = []string{StatusActive, StatusDeactivated}
	Hubs         = []string{"marketing", "sales", "service", "data", "content", "smart-crm", "commerce"}
	Tiers        = []string{"free", "starter", "professional", "enterprise"}
	Plans        = []string{"free", "starter", "standard", "professional", "premium", "enterprise"} // of brevo
)

// With returns the facts with one of them set, as a person writes it:
// type, status, hosting, plan, apps (separated by commas), sensitiveData,
// subscriptions.HUB, or subscriptions (hub:tier, separated by commas). An empty
// value unsets it. The platform of an account never changes.
func (f Facts) With(name, value string) (Facts, error) {
	oneOf := func(words []string) error {
		if value != "" && !slices.Contains(words, value) {
			return fmt.Errorf("%s is not %q: it is %s", name, value, strings.Join(words, ", "))
		}
		return nil
	}
	var err error
	switch {
	case name == "type":
		f.Type, err = value, oneOf(AccountTypes)
	case name == "status":
		f.Status, err = value, oneOf(Statuses)
	case name == "hosting":
		f.Hosting = value
	case name == "plan":
		f.Plan, err = value, oneOf(Plans)
	case name == "apps":
		f.Apps = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
	case name == "sensitiveData":
		f.SensitiveData, err = value != "" && value == "true", nil
		if _, perr := strconv.ParseBool(value); value != "" && perr != nil || value == "1" || value == "0" {
			err = fmt.Errorf("sensitiveData is not %q: it is true or false", value)
		}
	case name == "subscriptions":
		f.Subscriptions = nil
		for pair := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' }) {
			hub, tier, _ := strings.Cut(pair, ":")
			if f, err = f.With("subscriptions."+hub, tier); err != nil {
				return f, err
			}
		}
	case strings.HasPrefix(name, "subscriptions."):
		hub := strings.TrimPrefix(name, "subscriptions.")
		if !slices.Contains(Hubs, hub) {
			return f, fmt.Errorf("there is no hub %q: it is %s", hub, strings.Join(Hubs, ", "))
		}
		if err := oneOf(Tiers); err != nil {
			return f, err
		}
		subscriptions := map[string]string{}
		for h, t := range f.Subscriptions {
			if h != hub {
				subscriptions[h] = t
			}
		}
		if value != "" {
			subscriptions[hub] = value
		}
		f.Subscriptions = subscriptions
	default:
		err = fmt.Errorf("there is no fact %q: set type, status, hosting, subscriptions.HUB, plan, apps or sensitiveData", name)
	}
	return f, err
}
