package load

// Limits on what is read. They are far above what people write and keep input
// that was made to do harm from costing more than a moment: what is over one of
// them is a yaml-syntax finding, and the rest of the project is read on.
const (
	// MaxFileBytes is the size of a file.
	MaxFileBytes = 64 << 20
	// MaxDocumentBytes is the size of one document.
	MaxDocumentBytes = 4 << 20
	// MaxDocuments is the number of documents in one file.
	MaxDocuments = 100_000
	// MaxDepth is how deep lists and maps may nest.
	MaxDepth = 200
	// MaxNodes is the number of keys and values in one document, aliases
	// expanded.
	MaxNodes = 500_000
	// MaxExpandedBytes is the size of all keys and values of one document,
	// aliases expanded.
	MaxExpandedBytes = 8 << 20
	// MaxBodyBytes is the size of a file that an Email names.
	MaxBodyBytes = 1 << 20
	// MaxFindings is how many findings are reported of one file; it is read no
	// further then.
	MaxFindings = 1000
	// MaxDocumentFindings is how many are reported of one document.
	MaxDocumentFindings = 100
)
