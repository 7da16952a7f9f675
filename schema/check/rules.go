package check

import "slices"

// Rules are all rules, in the order of the documentation. A rule is never
// renamed.
var Rules = slices.Concat(
	structureRules,
	organizationRules,
	connectionRules,
	mirroringRules,
	copyingRules,
	workflowRules,
	ownerRules,
	partnerRules,
)
