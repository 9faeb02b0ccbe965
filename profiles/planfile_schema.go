package profiles

import "encoding/json"

// PlanSchema is the JSON Schema of plan files, made from the lists of fields
// that the reader uses; schema/plan-file.schema.json is a copy.
func PlanSchema() ([]byte, error) {
	type object = map[string]any
	mapping := func(about string, required []string, fields ...[]field) object {
		p := object{}
		for _, some := range fields {
			for _, f := range some {
				inner, _ := f.plain()
				p[f.key] = inner.schema()
			}
		}
		out := object{"type": "object", "additionalProperties": false, "properties": p, "description": about}
		if len(required) > 0 {
			out["required"] = required
		}
		return out
	}
	choice := func(p object, key string, list []string) {
		p["properties"].(object)[key] = object{"enum": list, "description": p["properties"].(object)[key].(object)["description"]}
	}
	var w PlanWorkload
	workload := mapping("a model with its users", []string{"traffic"}, planWorkloadFields(&w), planSettingFields(&PlanSettings{}))
	traffic := mapping("what its users send", nil, trafficFields(&PlanTraffic{}))
	traffic["oneOf"] = []object{{"required": []string{"rate"}}, {"required": []string{"concurrency"}}}
	workload["properties"].(object)["traffic"] = traffic
	machine := mapping("a kind of machine", []string{"on"}, planHardwareFields(&PlanHardware{}))

	root := mapping("Workloads with their traffic and objectives, and the machines that may carry them.", []string{"hardware", "workloads"}, planFields(&PlanFile{}))
	choice(root, "goal", planGoals)
	choice(root, "judge_at", planEnds)
	p := root["properties"].(object)
	p["prices"] = mapping("where machines stand and what their costs rest on", nil, planPriceFields(&PlanPrices{}), powerPriceFields(&PlanPrices{}))
	p["budget"] = mapping("limits of the whole plan in every month", nil, planBudgetFields(&PlanBudget{}))
	p["defaults"] = mapping("settings of all workloads that do not say otherwise", nil, planSettingFields(&PlanSettings{}))
	p["hardware"] = object{"type": "array", "minItems": 1, "maxItems": maxPlanHardware, "description": "a fleet (with counts) or a menu (without)",
		"items": object{"anyOf": []any{object{"type": "string"}, machine}}}
	p["workloads"] = object{"type": "array", "minItems": 1, "maxItems": maxPlanWorkloads, "items": workload, "description": "what has to be carried"}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "plimsoll plan file"
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}
