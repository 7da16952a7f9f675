package check

var workflowRules = []*Rule{}
