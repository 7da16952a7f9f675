package schema

// defaults are the words that the canonical form leaves out, by kind and by the
// last key of the field's path. Booleans are not here: a boolean that is left
// out is the opposite of the one that is not.
var defaults = map[Kind]map[string]string{
	KindAccount:      {"type": TypeStandard, "status": StatusActive},
	KindUser:         {"contacts": "all", "companies": "all"},
	KindPipeline:     {"object": Deal},
	KindList:         {"object": Contact},
	KindOrganization: {"limits": LimitsHubSpot},
	KindConnection:   {"direction": TwoWay},
	KindAssetCopy:    {"onChange": CopyOnce},
	KindPartner:      {"program": ProgramSolutionsPartner},
	KindPolicy:       {"severity": "error"},
	KindWorkflow: {
		"existing": ExistingKeep, "perRecord": DefaultPerRecord, "perWorkflow": DefaultPerWorkflow,
	},
}

// Default returns what holds where a field of a resource is left out and
// elsewhere has the value other, or nil where nothing does: for readers, to whom
// two-way becoming one-way is a change, and not a direction that appears.
func Default(kind Kind, path Path, other any) any {
	if b, ok := other.(bool); ok {
		return !b
	}
	elements := path.Elements()
	if len(elements) == 0 {
		return nil
	}
	if _, ok := other.(string); !ok {
		return nil
	}
	if d, ok := defaults[kind][elements[len(elements)-1].Key]; ok {
		return d
	}
	return nil
}
