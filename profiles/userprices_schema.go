package profiles

import "encoding/json"

// PriceFileSchema is the JSON Schema of price files, made from the lists of
// fields that the reader uses; schema/price-file.schema.json is a copy.
func PriceFileSchema() ([]byte, error) {
	type object = map[string]any
	list := func(about string, required []string, fields ...[]field) object {
		p := object{}
		for _, some := range fields {
			for _, f := range some {
				p[f.key] = f.schema()
			}
		}
		entry := object{"type": "object", "additionalProperties": false, "properties": p, "required": required}
		return object{"type": "array", "maxItems": maxPriceEntries, "items": entry, "description": about}
	}
	cited := citedFields(&Cited{})
	named := func(key string) []field { return itemFields(key, new(string), new(string)) }
	root := object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "plimsoll price file",
		"description": "A user's own prices, which replace or add to the embedded ones.",
		"type":        "object", "additionalProperties": false,
		"properties": object{
			"exchange": object{"type": "object", "description": "USD for one unit of a currency, by its three letters",
				"additionalProperties": false,
				"patternProperties":    object{"^[A-Za-z]{3}$": object{"type": "number", "exclusiveMinimum": 0, "maximum": maxMoney}}},
			"cloud":       list("offers to rent machines", []string{"provider"}, cloudFields(&CloudPrice{}), named("device"), cited),
			"purchase":    list("what things cost to buy", []string{"amount"}, purchaseFields(&PurchasePrice{}), named("item"), cited),
			"electricity": list("prices of one kWh", []string{"place", "amount"}, electricityFields(&ElectricityPrice{}), cited),
			"carbon":      list("carbon intensity of electricity", []string{"place", "g_per_kwh"}, carbonFields(&CarbonIntensity{}), cited),
		},
	}
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}
