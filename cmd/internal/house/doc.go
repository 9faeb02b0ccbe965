// Package house holds the test that guards the layout of the project: who may
// import whom, and what may lie at the top.
package house
