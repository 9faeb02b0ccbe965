package profiles

import (
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/vision"
)

// imageSizes are those of the table below, width and height in pixels.
var imageSizes = [...][2]int{{224, 224}, {448, 448}, {640, 480}, {1024, 1024}, {1280, 720}, {1920, 1080}, {720, 1280}}

// imageTokens are tokens and patches by the documented algorithm of each family:
// the functions of the image processors named beside them (of transformers 4.57
// where a path begins with models/, else of the model's own repository), one
// image of each size worked out by hand.
var imageTokens = []struct {
	rule string // and where the numbers come from
	want [len(imageSizes)][2]int
}{
	// models/qwen2_vl/image_processing_qwen2_vl.py smart_resize; by hand 1280x720: round(720/28)=26, round(1280/28)=46; 26·46
	{"qwen2-vl", [...][2]int{{64, 256}, {256, 1024}, {391, 1564}, {1369, 5476}, {1196, 4784}, {2691, 10764}, {1196, 4784}}},
	// as Qwen2-VL
	{"qwen2.5-vl", [...][2]int{{64, 256}, {256, 1024}, {391, 1564}, {1369, 5476}, {1196, 4784}, {2691, 10764}, {1196, 4784}}},
	// the same with multiples of 32; by hand 1920x1080: 34·60; 224x224 is below 65536 pixels: ceil(224·256/224/32)=8, 8·8
	{"qwen3-vl", [...][2]int{{64, 256}, {196, 784}, {300, 1200}, {1024, 4096}, {880, 3520}, {2040, 8160}, {880, 3520}}},
	// as Qwen3-VL
	{"qwen3.5", [...][2]int{{64, 256}, {196, 784}, {300, 1200}, {1024, 4096}, {880, 3520}, {2040, 8160}, {880, 3520}}},
	// models/glm4v/image_processing_glm4v.py smart_resize with two frames
	{"glm-4v", [...][2]int{{64, 256}, {256, 1024}, {391, 1564}, {1369, 5476}, {1196, 4784}, {2691, 10764}, {1196, 4784}}},
	// models/pixtral/image_processing_pixtral.py; by hand 1280x720: scaled by 1024/1280 to 1024x576, 36 rows of 64 and a break
	{"pixtral", [...][2]int{{210, 196}, {812, 784}, {1230, 1200}, {4160, 4096}, {2340, 2304}, {2340, 2304}, {2368, 2304}}},
	// the same with 28 px and 1540; by hand 1920x1080: 1540x866, 31 rows of 55 and a break
	{"mistral-3", [...][2]int{{72, 256}, {272, 1024}, {432, 1656}, {1406, 5476}, {1222, 4784}, {1736, 6820}, {1242, 4784}}},
	// models/llava_next/processing_llava_next.py; by hand 448x448: canvas 672x672, 48·48+48+576
	{"llava-next", [...][2]int{{1176, 1731}, {2928, 2885}, {2340, 2885}, {2928, 2885}, {1948, 2885}, {1948, 2885}, {1968, 2885}}},
	// models/llava_onevision/processing_llava_onevision.py; by hand 224x224: canvas 384x384, 27·27+27+729
	{"llava-onevision", [...][2]int{{1485, 1458}, {3699, 3645}, {2929, 3645}, {7371, 7290}, {5967, 6561}, {7269, 11664}, {6009, 6561}}},
	// models/got_ocr2/image_processing_got_ocr2.py get_optimal_tiled_canvas; by hand 640x480: 4x3 tiles and a thumbnail, 13·256
	{"internvl", [...][2]int{{256, 1025}, {256, 1025}, {3328, 13325}, {2560, 10250}, {2304, 9225}, {2304, 9225}, {2304, 9225}}},
	// models/llama4/image_processing_llama4_fast.py get_best_fit, processing_llama4.py; by hand 448x448: 2x2 tiles, 4·145+144+3
	{"llama-4", [...][2]int{{147, 577}, {727, 2885}, {727, 2885}, {2467, 9809}, {1887, 7501}, {2322, 9232}, {1887, 7501}}},
	// models/mllama/image_processing_mllama.py get_optimal_tiled_canvas; one token, 1601 positions a tile
	{"llama-3.2-vision", [...][2]int{{1, 1601}, {1, 1601}, {1, 3202}, {1, 6404}, {1, 6404}, {1, 6404}, {1, 6404}}},
	// models/idefics3/processing_idefics3.py; by hand 640x480: 2048x1536, 3 rows of 4: 67+3·(4·66+1)
	{"smolvlm", [...][2]int{{1127, 17408}, {1127, 17408}, {862, 13312}, {1127, 17408}, {862, 13312}, {862, 13312}, {863, 13312}}},
	// the same with tiles of 384 px and 81 tokens; by hand 640x480: 84+3·(4·83+1)
	{"smolvlm-2.2b", [...][2]int{{1416, 12393}, {1416, 12393}, {1083, 9477}, {1416, 12393}, {1083, 9477}, {1083, 9477}, {1084, 9477}}},
	// the same with tiles of 364 px and 169 tokens; by hand 224x224: 172+4·(4·171+1)
	{"idefics3", [...][2]int{{2912, 11492}, {2912, 11492}, {2227, 8788}, {2912, 11492}, {2227, 8788}, {2227, 8788}, {2228, 8788}}},
	// models/gemma3/image_processing_gemma3.py pan_and_scan; by hand 1280x720: two crops beside the whole
	{"gemma-3-pan-and-scan", [...][2]int{{256, 4096}, {256, 4096}, {768, 12288}, {256, 4096}, {768, 12288}, {768, 12288}, {768, 12288}}},
	// models/gemma3/processing_gemma3.py image_seq_length 256; (896/14)² patches
	{"gemma-3", [...][2]int{{256, 4096}, {256, 4096}, {256, 4096}, {256, 4096}, {256, 4096}, {256, 4096}, {256, 4096}}},
	// models/llava/processing_llava.py; (336/14)²
	{"llava-1.5", [...][2]int{{576, 577}, {576, 577}, {576, 577}, {576, 577}, {576, 577}, {576, 577}, {576, 577}}},
	// models/paligemma/processing_paligemma.py; (224/14)²
	{"paligemma-224", [...][2]int{{256, 256}, {256, 256}, {256, 256}, {256, 256}, {256, 256}, {256, 256}, {256, 256}}},
	// (448/14)²
	{"paligemma-448", [...][2]int{{1024, 1024}, {1024, 1024}, {1024, 1024}, {1024, 1024}, {1024, 1024}, {1024, 1024}, {1024, 1024}}},
	// models/phi4_multimodal/image_processing_phi4_multimodal_fast.py; by hand 448x448: 273+16·16+16
	{"phi-4-multimodal", [...][2]int{{545, 2048}, {545, 2048}, {1065, 5120}, {2625, 10240}, {1596, 7168}, {3918, 16384}, {1617, 7168}}},
	// Phi-3.5-vision image_processing_phi3_v.py; with four crops always 2x2 of these: 5·144+1+3·12
	{"phi-3.5-vision", [...][2]int{{757, 2885}, {757, 2885}, {757, 2885}, {757, 2885}, {757, 2885}, {757, 2885}, {757, 2885}}},
	// Kimi-VL image_processing_kimi_vl.py; by hand 1024x1024: 73² patches are above 4096, scaled to 898, padded to 924: 33·33
	{"kimi-vl", [...][2]int{{64, 256}, {256, 1024}, {414, 1656}, {1089, 4356}, {1075, 4300}, {1032, 4128}, {1075, 4300}}},
	// Kimi-K2.5 media_utils.py; by hand 1920x1080: padded to 1932x1092, 69·39
	{"kimi-k2.5", [...][2]int{{64, 256}, {256, 1024}, {414, 1656}, {1369, 5476}, {1196, 4784}, {2691, 10764}, {1196, 4784}}},
	// by hand 640x480: scaled by 1.449 to 927x695, cut to 19·14 tokens of 48 px
	{"gemma-4", [...][2]int{{256, 2304}, {256, 2304}, {266, 2394}, {256, 2304}, {264, 2376}, {264, 2376}, {264, 2376}}},
	// DeepSeek-VL2 processing_deepseek_vl_v2.py; by hand 448x448: canvas 768x768, 211+28·29
	{"deepseek-vl2", [...][2]int{{421, 1458}, {1023, 3645}, {1023, 3645}, {2017, 7290}, {1807, 6561}, {1807, 6561}, {1835, 6561}}},
	// DeepSeek-OCR modeling_deepseekocr.py; by hand 1024x1024: 2x2 tiles, 273+20·21
	{"deepseek-ocr", [...][2]int{{273, 4096}, {273, 4096}, {273, 4096}, {693, 10496}, {483, 7296}, {1093, 16896}, {493, 7296}}},
	// MiniCPM-V-2_6 image_processing_minicpmv.py; by hand 640x480: two slices, 69+2·66
	{"minicpm-v", [...][2]int{{69, 1024}, {69, 1024}, {201, 3064}, {466, 7108}, {466, 7122}, {598, 9192}, {467, 7122}}},
	// the same with 96 tokens and no image id: 98+2·98
	{"minicpm-v-2.5", [...][2]int{{98, 1024}, {98, 1024}, {294, 3064}, {687, 7108}, {687, 7122}, {883, 9192}, {688, 7122}}},
	// Molmo image_preprocessing_molmo.py; by hand 448x448: 2x2 crops, 4+12·13+20·21
	{"molmo", [...][2]int{{316, 1154}, {580, 2885}, {740, 4039}, {972, 5770}, {1196, 7501}, {1196, 7501}, {1204, 7501}}},
}

func TestImageTokens(t *testing.T) {
	table, err := Vision()
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, c := range imageTokens {
		tested[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			r := table.Named(c.rule)
			if r == nil {
				t.Fatal("no such rule")
			}
			for i, s := range imageSizes {
				tokens, patches, err := r.Tokens(s[0], s[1])
				if err != nil {
					t.Fatal(err)
				}
				if got := [2]int{tokens, patches}; got != c.want[i] {
					t.Errorf("%dx%d: tokens and patches %v, want %v", s[0], s[1], got, c.want[i])
				}
			}
		})
	}
	untested := map[string]string{ // alike in all that counts
		"qwen3-omni": "qwen2-vl", "exaone-4.5": "qwen2-vl", "minimax-m3": "qwen2-vl", "dots-ocr": "qwen2-vl", "kimi-k3": "kimi-k2.5",
		"mistral-large-3": "mistral-3", "gemma-3n": "gemma-3", "paligemma-896": "paligemma-448"}
	for i := range table.Rules {
		if r := &table.Rules[i]; r.Kind != "" && !tested[r.ID] && untested[r.ID] == "" {
			t.Errorf("no numbers for the images of %s", r.ID)
		}
	}
}

// Tokens of film: Qwen2-VL takes frames in pairs, each frame of 602112 pixels at
// most (a pair of 640x480 is 17·23 tokens, as an image is); Qwen3-VL bounds all
// frames together.
func TestVideoTokens(t *testing.T) {
	table, err := Vision()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule                  string
		frames, width, height int
		want                  int
	}{
		{"qwen2.5-vl", 16, 640, 480, 8 * 391},
		{"qwen2.5-vl", 15, 640, 480, 8 * 391},
		{"qwen2.5-vl", 2, 1920, 1080, 20 * 36}, // floor(1080/√(2073600/602112)/28)=20, floor(1920/…/28)=36
		{"qwen3-vl", 16, 640, 480, 8 * 15 * 20},
		{"internvl", 8, 1280, 720, 8 * 256},
		{"llava-onevision", 32, 640, 360, 32*196 + 1},
	} {
		v, err := table.Named(c.rule).Frames(c.frames, c.width, c.height)
		if err != nil || v.Tokens != c.want {
			t.Errorf("%s, %d frames of %dx%d: %d tokens (%v), want %d", c.rule, c.frames, c.width, c.height, v.Tokens, err, c.want)
		}
	}
	if _, err := table.Named("llama-4").Frames(4, 640, 480); err == nil {
		t.Error("Llama 4 takes no video, as far as is known, and must say so")
	}
}

// Tokens of sound, each from the function named in its rule.
func TestAudioTokens(t *testing.T) {
	table, err := Vision()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule    string
		seconds float64
		want    int
	}{
		{"qwen2-audio", 10, 250},      // 1000 frames: (999/2+1)=500, (498/2+1)=250
		{"qwen2-audio", 30, 750},      // 25 tokens/s
		{"voxtral", 10, 375},          // padded to 30 s: 3000 frames, 1500, 375
		{"voxtral", 31, 750},          // two chunks
		{"gemma-3n", 10, 188},         // of every sound
		{"gemma-4", 10, 250},          // 40 ms each
		{"phi-4-multimodal", 10, 125}, // 1000/8
		{"qwen3-omni", 10, 130},       // 13 a second
		{"qwen3-omni", 0.5, 7},        // 50 frames: 25, 13, 7
	} {
		v, err := table.Named(c.rule).Sound(c.seconds)
		if err != nil || v.Tokens != c.want {
			t.Errorf("%s, %g s: %d tokens (%v), want %d", c.rule, c.seconds, v.Tokens, err, c.want)
		}
	}
	if _, err := table.Named("qwen2.5-vl").Sound(1); err == nil {
		t.Error("Qwen2.5-VL hears nothing, and must say so")
	}
}

// TestEveryMultimodalModelHasARule also compares the towers with what the
// catalogue knows of them.
func TestEveryMultimodalModelHasARule(t *testing.T) {
	table, err := Vision()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := Models()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		a, err := Architecture(e.ID)
		if err != nil {
			t.Fatal(err)
		}
		r := table.Find(a)
		if e.Class != "multimodal" {
			if r != nil {
				t.Errorf("%s is %s, and has the rule of %s", e.ID, e.Class, r.ID)
			}
			continue
		}
		seen++
		if r == nil {
			t.Errorf("%s has no rule", e.ID)
			continue
		}
		if _, _, err := r.Tokens(1280, 720); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
		v := a.Vision
		if v == nil {
			continue
		}
		if v.Patch > 0 && v.Patch != r.Patch {
			t.Errorf("%s: patch %d, its rule %s says %d", e.ID, v.Patch, r.ID, r.Patch)
		}
		tower := r.Tower(v)
		if tower == nil {
			continue
		}
		if v.Layers > 0 && tower.Layers != v.Layers || v.Hidden > 0 && tower.Hidden != v.Hidden {
			t.Errorf("%s: a tower of %d layers of %d, the catalogue says %d of %d", e.ID, tower.Layers, tower.Hidden, v.Layers, v.Hidden)
		}
		// Parameters that stand for nothing but this tower and its projector.
		if own := v.Params > 0 && r.Audio == nil && r.States == 0; own {
			if got := float64(tower.Params(r.Patch, r.Merge, a.HiddenSize)) / float64(v.Params); got < 0.8 || got > 1.1 {
				t.Errorf("%s: tower of %s: %.0f%% of the catalogue's %d parameters", e.ID, r.ID, 100*got, v.Params)
			}
		}
	}
	if seen < 80 {
		t.Fatalf("%d multimodal models", seen)
	}
}

// Within the bounds of a rule a larger image of the same shape never has fewer
// tokens, whatever the family.
func TestMorePixelsMoreTokens(t *testing.T) {
	table, err := Vision()
	if err != nil {
		t.Fatal(err)
	}
	for i := range table.Rules {
		r := &table.Rules[i]
		if r.Kind == "" {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			for _, shape := range [][2]int{{1, 1}, {4, 3}, {16, 9}, {9, 16}, {2, 1}} {
				if err := grows(r, shape); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// grows compares an image with that of twice its sides, as long as no bound is
// reached: rounding to tiles lets smaller steps go either way.
func grows(r *vision.Rule, shape [2]int) error {
	most := 0
	for _, n := range []int{56, 112, 224, 448, 896} {
		tokens, patches, err := r.Tokens(n*shape[0], n*shape[1])
		if err != nil {
			continue
		}
		if tokens < 1 || patches < 1 {
			return fmt.Errorf("%dx%d: %d tokens, %d patches", n*shape[0], n*shape[1], tokens, patches)
		}
		if bounded(r, n*shape[0], n*shape[1]) {
			return nil
		}
		if tokens < most {
			return fmt.Errorf("%dx%d has %d tokens, half of its sides %d", n*shape[0], n*shape[1], tokens, most)
		}
		most = tokens
	}
	return nil
}

// bounded says whether an image is beyond what the rule takes as it is.
func bounded(r *vision.Rule, w, h int) bool {
	return r.MaxPixels > 0 && w*h > r.MaxPixels || r.MaxPatches > 0 && w*h > r.MaxPatches*r.Patch*r.Patch ||
		r.MaxSide > 0 && max(w, h) > r.MaxSide || r.Kind == vision.Budget
}
