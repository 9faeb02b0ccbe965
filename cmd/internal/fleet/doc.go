// Package fleet makes a hardware profile of an inventory: it finds in the
// catalogue what the inventory's accelerators, processors and instance types
// mean, and gathers like nodes into pools. What the catalogue does not know stays
// in the profile with what the inventory says of it, and is marked so.
package fleet
