package check

var partnerRules = []*Rule{}
