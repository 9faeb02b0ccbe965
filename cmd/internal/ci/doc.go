// Package ci writes the cases of a document for continuous integration: test
// reports (JUnit), code scanning (SARIF), annotations and step summaries of
// GitHub, metrics (Prometheus), pull-request comments (markdown), and tables
// for programs (CSV, JSON Lines). It judges nothing: outcomes are the
// document's. The same document gives the same bytes.
package ci
