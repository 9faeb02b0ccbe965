package hf_test

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile/hf"
)

const tiny = `"model_type":"llama","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":128,"vocab_size":100`

func TestFormats(t *testing.T) {
	formats, err := profiles.Formats()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ config, want string }{
		{`"torch_dtype":"bfloat16"`, "BF16"},
		{`"dtype":"float16"`, "F16"},
		{`"torch_dtype":"float32"`, "F32"},
		{`"quantization_config":{"quant_method":"gptq","bits":4,"group_size":128}`, "GPTQ-INT4"},
		{`"quantization_config":{"quant_method":"gptq","bits":8,"group_size":32}`, "GPTQ-INT8"},
		{`"quantization_config":{"quant_method":"gptq","bits":3,"group_size":-1}`, "3.00bpw"},
		{`"quantization_config":{"quant_method":"awq","bits":4,"group_size":128}`, "AWQ-INT4"},
		{`"quantization_config":{"quant_method":"fp8","weight_block_size":[128,128]}`, "FP8-block128"},
		{`"quantization_config":{"quant_method":"fp8"}`, "FP8"},
		{`"quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true}`, "NF4"},
		{`"quantization_config":{"quant_method":"bitsandbytes","load_in_8bit":true}`, "INT8-W8A8"},
		{`"quantization_config":{"quant_method":"mxfp4"}`, "MXFP4"},
		{`"quantization_config":{"quant_method":"modelopt","quant_algo":"NVFP4"}`, "NVFP4"},
		{`"quantization_config":{"quant_method":"modelopt","quant_algo":"FP8"}`, "FP8"},
		{`"quantization":{"bits":4,"group_size":64}`, "MLX-4bit"},
		{`"quantization":{"bits":8,"group_size":32}`, "MLX-8bit"},
		{`"quantization_config":{"quant_method":"compressed-tensors","format":"float-quantized","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":8,"type":"float","strategy":"channel"}}}}`, "FP8"},
		{`"quantization_config":{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":4,"type":"int","group_size":32,"strategy":"group"}}}}`, "INT4-W4A16-g32"},
		{`"quantization_config":{"quant_method":"compressed-tensors","format":"int-quantized","config_groups":{"group_0":{"targets":["Linear"],"input_activations":{"num_bits":8},"weights":{"num_bits":8,"type":"int","strategy":"channel"}}}}`, "INT8-W8A8"},
		{`"quantization_config":{"quant_method":"compressed-tensors","format":"nvfp4-pack-quantized","config_groups":{}}`, "NVFP4"},
		{`"quantization_config":{"quant_method":"compressed-tensors","format":"mxfp4-pack-quantized","ignore":["re:.*self_attn.*"]}`, "MXFP4"},
		{`"quantization_config":{"quant_method":"something-new"}`, ""},
	} {
		c, err := hf.Parse([]byte(`{` + tiny + `,` + tc.config + `}`))
		if err != nil {
			t.Errorf("%s: %v", tc.config, err)
		} else if _, err := formats.Canonical(c.Format); tc.want != "" && err != nil {
			t.Errorf("%s: %v", tc.config, err)
		} else if c.Format != tc.want {
			t.Errorf("%s: %q, want %q", tc.config, c.Format, tc.want)
		}
	}
}

func TestParseBroken(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"empty":          {``, "too early"},
		"cut":            {`{"hidden_size": 1`, "too early"},
		"array":          {`[1]`, "object is expected"},
		"null":           {`null`, "null"},
		"garbage":        {`hello`, "not valid JSON"},
		"deep":           {strings.Repeat(`{"a":`, 100), "deeper"},
		"no layers":      {`{"model_type":"x","hidden_size":4}`, "num_hidden_layers is missing"},
		"negative heads": {`{` + strings.Replace(tiny, `heads":4`, `heads":-4`, 1) + `}`, "num_attention_heads"},
		"fraction":       {`{` + strings.Replace(tiny, `:64`, `:64.5`, 1) + `}`, "hidden_size"},
		"huge number":    {`{` + strings.Replace(tiny, `:64`, `:1e999`, 1) + `}`, "hidden_size"},
		"string":         {`{` + strings.Replace(tiny, `:64`, `"64"`, 1) + `}`, "JSON"},
		"string number":  {`{` + strings.Replace(tiny, `:64`, `:"NaN"`, 1) + `}`, "hidden_size"},
		"1e9 layers":     {`{` + strings.Replace(tiny, `layers":2`, `layers":1000000000`, 1) + `}`, "layer"},
		"whisper":        {`{"architectures":["WhisperForConditionalGeneration"]}`, "not a decoder-only"},
		"diffusers":      {`{"_class_name":"UNet2DConditionModel"}`, "not a decoder-only"},
		"lora":           {`{"peft_type":"LORA","base_model_name_or_path":"a/b"}`, "LoRA adapter"},
	} {
		c, err := hf.Parse([]byte(tc.in))
		if err == nil {
			_, err = model.New(c.Arch)
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, tc.want)
		}
	}
}

// Python writes bare NaN and Infinity into configs.
func TestPythonNumbers(t *testing.T) {
	c, err := hf.Parse([]byte(`{` + tiny + `,"time_step_limit":[0.0,Infinity,-Infinity,NaN],"name":"NaN Infinity"}`))
	if err != nil || c.Arch.LayerCount != 2 {
		t.Fatal(c, err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{` + tiny + `}`))
	f.Add([]byte(`{` + tiny + `,"kv_lora_rank":16,"qk_nope_head_dim":8,"qk_rope_head_dim":8,"n_routed_experts":8,"num_experts_per_tok":2,"moe_intermediate_size":32}`))
	f.Add([]byte(`{` + tiny + `,"layer_types":["linear_attention","full_attention"],"linear_num_value_heads":4,"linear_value_head_dim":8,"linear_num_key_heads":2,"linear_key_head_dim":8,"linear_conv_kernel_dim":4}`))
	f.Add([]byte(`{` + tiny + `,"hybrid_override_pattern":"M-","ssm_state_size":16,"mamba_num_heads":4,"mamba_head_dim":16,"expand":2,"conv_kernel":4,"n_groups":1}`))
	f.Add([]byte(`{` + tiny + `,"block_configs":[{"attention":{"no_op":true},"ffn":{"ffn_mult":1e300}},{}]}`))
	f.Add([]byte(`{` + tiny + `,"vision_config":{"hidden_size":1e300,"num_hidden_layers":-1}}`))
	f.Add([]byte(`{"num_hidden_layers":NaN,"a":[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := hf.Parse(data)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		m, err := model.New(c.Arch)
		if err != nil {
			return
		}
		for i := range m.Layers {
			if l := &m.Layers[i]; l.KVHeads < 0 || l.ConvState < 0 || l.DenseFFNWidth < 0 {
				t.Errorf("layer %d: %+v", i, l)
			}
		}
	})
}
