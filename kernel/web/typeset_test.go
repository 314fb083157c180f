package web

import "testing"

func TestFullWidth(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"14 项目标:", "14 项目标："},
		{"比基期 6,401 家(2023-06-30)变化 2,722 家,按路径", "比基期 6,401 家（" + "2023-06-30）变化 2,722 家，按路径"},
		{"完成 76.9%,时间过去 50%", "完成 76.9%，时间过去 50%"},
		{"规则: 默认", "规则：默认"},
		{"“123”计划(虚构)", "“123”计划（虚构）"},
		{"落后 %d 点(%s);红", "落后 %d 点（%s）；红"},
		{"F079,2022 at 10:30 (API)?", "F079,2022 at 10:30 (API)?"},
		{"没有括号)", "没有括号)"},
		{"", ""},
	} {
		if got := FullWidth(tt.in); got != tt.want {
			t.Errorf("FullWidth(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if twice := FullWidth(FullWidth(tt.in)); twice != tt.want {
			t.Errorf("a second time %q becomes %q", tt.in, twice)
		}
	}
}
