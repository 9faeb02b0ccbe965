package benchfile

// SplitName takes the name of a GGUF file, or an id that ends like one, apart:
// the part that names the model, without directories, ending, shard and weight
// format, and the catalogue's name of that format ("" for none). The first may
// still name no entry of the catalogue.
func SplitName(name string) (model, weights string) {
	weights, _ = weightsInName(baseName(clean(name)))
	return modelName(name), weights
}
