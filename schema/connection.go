package schema

import "slices"

// Features of a connection.
const (
	FeatureDataMirroring = "dataMirroring"
	FeatureWorkflows     = "workflows"
	FeatureAssetCopying  = "assetCopying"
)

// FeatureNames lists the features in the order in which they are written.
var FeatureNames = []string{FeatureDataMirroring, FeatureWorkflows, FeatureAssetCopying}

// Directions of a feature.
const (
	TwoWay = "two-way"
	OneWay = "one-way"
)

// Connection joins two accounts of one organization.
type Connection struct {
	Between  []string `json:"between"`
	Features Features `json:"features,omitzero"`
}

// Features are what a connection does; nil is off.
type Features struct {
	DataMirroring *Feature `json:"dataMirroring,omitempty"`
	Workflows     *Feature `json:"workflows,omitempty"`
	AssetCopying  *Feature `json:"assetCopying,omitempty"`
}

// Feature is one feature that is on. Its zero value goes both ways.
type Feature struct {
	Direction string `json:"direction,omitempty"` // "": two-way
	From      string `json:"from,omitempty"`      // one-way: the account it goes from
}

// Feature returns the feature of that name, or nil where it is off.
func (c *Connection) Feature(name string) *Feature {
	switch name {
	case FeatureDataMirroring:
		return c.Features.DataMirroring
	case FeatureWorkflows:
		return c.Features.Workflows
	case FeatureAssetCopying:
		return c.Features.AssetCopying
	}
	return nil
}

// SetFeature switches a feature on, or off with nil.
func (c *Connection) SetFeature(name string, f *Feature) {
	switch name {
	case FeatureDataMirroring:
		c.Features.DataMirroring = f
	case FeatureWorkflows:
		c.Features.Workflows = f
	case FeatureAssetCopying:
		c.Features.AssetCopying = f
	}
}

// Joins reports whether the connection is between the two accounts, in
// whatever order.
func (c *Connection) Joins(a, b string) bool {
	return len(c.Between) == 2 && a != b && slices.Contains(c.Between, a) && slices.Contains(c.Between, b)
}

// Other is the account at the other end, or "".
func (c *Connection) Other(account string) string {
	if len(c.Between) == 2 {
		switch account {
		case c.Between[0]:
			return c.Between[1]
		case c.Between[1]:
			return c.Between[0]
		}
	}
	return ""
}

// Goes reports whether the feature is on from one account to the other.
func (c *Connection) Goes(feature, from, to string) bool {
	f := c.Feature(feature)
	return f != nil && c.Joins(from, to) && (f.Direction != OneWay || f.From == from)
}

// Kind implements Spec.
func (*Connection) Kind() Kind { return KindConnection }

// References implements Spec.
func (c *Connection) References(yield func(Path, Ref)) {
	names(KindAccount, spec.Key("between"), c.Between, yield)
	for _, n := range FeatureNames {
		if f := c.Feature(n); f != nil {
			name(KindAccount, spec.Key("features").Key(n).Key("from"), f.From, yield)
		}
	}
}

// Canonical implements Spec: a connection has no first end.
func (c *Connection) Canonical() Spec {
	out := *c
	out.Between = sorted(c.Between)
	for _, n := range FeatureNames {
		if f := c.Feature(n); f != nil {
			f := Feature{unless(f.Direction, TwoWay), f.From}
			out.SetFeature(n, &f)
		}
	}
	return &out
}
