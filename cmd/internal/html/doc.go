// Package html writes a document as one page of HTML that needs nothing else:
// its style and its charts (SVG) are inside, it has no script, and it asks the
// network for nothing. Everything in it comes from the document; names of models
// and machines are foreign text and are escaped. The same document gives the
// same bytes.
package html
