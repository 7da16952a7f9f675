package check

var organizationRules = []*Rule{}
