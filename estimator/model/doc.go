// Package model answers the first question of an estimate: what is this model
// made of? An Architecture holds the published facts (a catalogue row or a
// config file); New turns it into a Model: the list of layers, each with its
// attention, recurrent and feed-forward part, and the exact inventory of
// tensors (name, role, layer, elements). Where a model file was read its
// tensor table replaces the synthesised inventory.
package model
