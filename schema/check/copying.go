package check

var copyingRules = []*Rule{}
