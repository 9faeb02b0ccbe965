// Package inventory reads what schedulers and configuration managers know of a
// fleet: Kubernetes node lists, Slurm, Ray, Nomad and Ansible facts. Each reader
// turns its source into the same neutral list of nodes: accelerators as the
// source names them, processors, memory, what of it may be given to work, and
// why a node takes none. Which devices those names mean is for the caller, who
// has the catalogue.
//
// Lists are decoded as a stream, one node at a time, so that memory grows with
// the nodes and not with what is written of each; a single value larger than
// 4 MiB, or an input larger than 4 GiB, is refused. The package prints nothing,
// writes nothing and talks to no network.
//
// The words of each source (resources and labels of device plugins, names that
// a scheduler gives to a product) are tables: resources.csv and products.csv.
package inventory
