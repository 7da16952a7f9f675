package schema

import (
	"reflect"
	"testing"
)

func TestFactsWith(t *testing.T) {
	base := Facts{Platform: HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"sales": "professional"}}
	for _, tc := range []struct {
		name, value string
		want        func(*Facts)
		fails       bool
	}{
		{"hosting", "na1", func(f *Facts) { f.Hosting = "na1" }, false},
		{"sensitiveData", "true", func(f *Facts) { f.SensitiveData = true }, false},
		{"sensitiveData", "", func(*Facts) {}, false},
		{"sensitiveData", "yes", nil, true},
		{"sensitiveData", "1", nil, true},
		{"status", "deactivated", func(f *Facts) { f.Status = "deactivated" }, false},
		{"status", "gone", nil, true},
		{"subscriptions.sales", "starter", func(f *Facts) { f.Subscriptions = map[string]string{"sales": "starter"} }, false},
		{"subscriptions.sales", "", func(f *Facts) { f.Subscriptions = map[string]string{} }, false},
		{"subscriptions.sale", "starter", nil, true},
		{"subscriptions.sales", "gold", nil, true},
		{"subscriptions", "marketing:enterprise,sales:free", func(f *Facts) {
			f.Subscriptions = map[string]string{"marketing": "enterprise", "sales": "free"}
		}, false},
		{"apps", "automation,crm", func(f *Facts) { f.Apps = []string{"automation", "crm"} }, false},
		{"platform", "brevo", nil, true},
	} {
		got, err := base.With(tc.name, tc.value)
		if tc.fails {
			if err == nil {
				t.Errorf("%s=%s: no error", tc.name, tc.value)
			}
			continue
		}
		want := base
		tc.want(&want)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s=%s: %+v, %v, want %+v", tc.name, tc.value, got, err, want)
		}
	}
	if base.Subscriptions["sales"] != "professional" {
		t.Error("With changed its receiver")
	}
}
