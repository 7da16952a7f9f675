package check

var ownerRules = []*Rule{}
