package check

var connectionRules = []*Rule{}
