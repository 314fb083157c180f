package main

import (
	"context"
	"net/url"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// The story's target: high-tech firms.
const target = "T09"

// june: the June figures are asked for, filled in, checked, approved, published.
func (t *tale) june(ctx context.Context) error {
	return t.number(ctx, quarter{period: "2024-Q2", firms: "6700", small: "54000", ask: "2024-07-02 10:00", checked: "2024-07-03 09:30", approved: "2024-07-03 15:00"})
}

// order is what the story looks at in a directive.
type order struct {
	ID, Stage, Light string
	Round            int
	PartCases        []struct{ ID, Unit, Stage string } `json:"part_cases"`
}

// find returns the directive on the target, as one of its people sees it.
func (t *tale) find(ctx context.Context, login string) (order, error) {
	c, err := t.as(ctx, login)
	if err != nil {
		return order{}, err
	}
	var all []order
	if err := c.Get(ctx, "/directives", url.Values{"target": {target}, "state": {"all"}}, &all); err != nil || len(all) == 0 {
		return order{}, err
	}
	var d order
	err = c.Get(ctx, "/directives/"+url.PathEscape(all[0].ID), nil, &d)
	return d, err
}

// reach waits until the directive stands at a stage.
func (t *tale) reach(ctx context.Context, stage string) (order, error) {
	var d order
	err := await(ctx, "the directive to be at "+stage, func() (done bool, err error) {
		d, err = t.find(ctx, "office")
		return d.Stage == stage, err
	})
	return d, err
}

// directive: high-tech firms are red, and a directive goes out.
func (t *tale) directive(ctx context.Context) error {
	d, err := t.reach(ctx, "filed")
	if err != nil {
		return err
	}
	page := "/directives/" + d.ID
	t.Step(pack.Text{
		ZH: "新数字一到即评估：高新技术企业滞后（红），自动立项一件督办，在 office 的待办里。",
		EN: "The new number is evaluated at once: high-tech firms are behind (red); a directive is filed by itself and is in the inbox of office.",
	}, "/plan/targets/"+target, "/flow", page)
	if err := t.At("2024-07-04 09:00"); err != nil {
		return err
	}
	if err := t.do(ctx, "office", "directives/"+d.ID, "issue", nil); err != nil {
		return err
	}
	t.Step(pack.Text{ZH: "office 交办，到 kjj 签收。", EN: "office hands it over; kjj is to acknowledge."}, "/flow", page)
	if err := t.At("2024-07-05 09:00"); err != nil {
		return err
	}
	if err := t.do(ctx, "kjj", "directives/"+d.ID, "sign", nil); err != nil {
		return err
	}
	units := []string{"500103", "500106", "500107"}
	if err := t.do(ctx, "kjj", "directives/"+d.ID, "split", map[string]any{"units": units, "matter": "摸清在库企业，新增申报高新技术企业", "rule": "equal"}); err != nil {
		return err
	}
	err = await(ctx, "the parts to be opened", func() (bool, error) {
		d, err := t.find(ctx, "office")
		return len(d.PartCases) == len(units), err
	})
	if err == nil {
		t.Step(pack.Text{ZH: "kjj 签收，分解给渝中、沙坪坝、九龙坡三区；三区的待办里各有一件。", EN: "kjj acknowledges and divides it among three districts; each has its part in its inbox."}, "/flow", page)
	}
	return err
}

// districts: they answer, one answer is returned.
func (t *tale) districts(ctx context.Context) error {
	d, err := t.find(ctx, "office")
	if err != nil {
		return err
	}
	if err := t.At("2024-07-08 10:00"); err != nil {
		return err
	}
	for _, p := range d.PartCases {
		if err := t.do(ctx, "d"+p.Unit, "flow/cases/"+p.ID, "sign", nil); err != nil {
			return err
		}
	}
	if err := t.At("2024-07-16 10:00"); err != nil {
		return err
	}
	for _, p := range d.PartCases {
		if err := t.do(ctx, "d"+p.Unit, "flow/cases/"+p.ID, "answer", map[string]any{"text": "已摸清在库企业，第三季度新增申报名单已报市科技局。"}); err != nil {
			return err
		}
	}
	t.Step(pack.Text{ZH: "三区签收并回复，到 kjj 复核。", EN: "The three districts acknowledge and answer; kjj is to judge."}, "/flow", "/directives/"+d.ID)
	if err := t.judge(ctx, d); err != nil {
		return err
	}
	return t.report(ctx, d)
}

// judge: one answer is returned, mended and accepted like the others.
func (t *tale) judge(ctx context.Context, d order) error {
	back := d.PartCases[1]
	if err := t.At("2024-07-17 09:30"); err != nil {
		return err
	}
	if err := t.do(ctx, "kjj", "flow/cases/"+back.ID, "reject", map[string]any{"reason": "incomplete", "text": "缺少逐户名单和完成时间。"}); err != nil {
		return err
	}
	t.Step(pack.Text{ZH: "kjj 退回一区的回复（措施不完整），回到 d" + back.Unit + " 的待办。", EN: "kjj returns one answer (the measures are incomplete); it is back in the inbox of d" + back.Unit + "."}, "/flow", "/flow/cases/"+back.ID)
	if err := t.At("2024-07-18 10:00"); err != nil {
		return err
	}
	if err := t.do(ctx, "d"+back.Unit, "flow/cases/"+back.ID, "answer", map[string]any{"text": "已补充逐户名单和完成时间。"}); err != nil {
		return err
	}
	for _, p := range d.PartCases {
		if err := t.do(ctx, "kjj", "flow/cases/"+p.ID, "accept", nil); err != nil {
			return err
		}
	}
	t.Step(pack.Text{ZH: "补充后三区都已认可。", EN: "It is mended; all three are accepted."}, "/directives/"+d.ID)
	return nil
}

// report: two periods are reported in time, the third is late, and the city asks
// for it by itself.
func (t *tale) report(ctx context.Context, d order) error {
	for _, day := range []string{"2024-07-18 11:00", "2024-07-31 09:00"} {
		if err := t.At(day); err != nil {
			return err
		}
		if err := t.do(ctx, "kjj", "directives/"+d.ID, "feedback", map[string]any{"text": "新增申报按月推进。"}); err != nil {
			return err
		}
	}
	if err := t.At("2024-08-16 09:00"); err != nil {
		return err
	}
	if _, err := t.reach(ctx, "chased"); err != nil {
		return err
	}
	t.Step(pack.Text{ZH: "第三个周期没有反馈，系统自动催办到 kjj.head。", EN: "The third report is late: the city reminds kjj.head by itself."}, "/flow", "/directives/"+d.ID)
	return t.do(ctx, "kjj.head", "directives/"+d.ID, "explain", map[string]any{"text": "名单复核用时较长，已完成；第三季度新增申报 1,460 家。"})
}

// autumn: the next quarter's figure is on the path, and the directive closes.
func (t *tale) autumn(ctx context.Context) error {
	if err := t.At("2024-10-08 09:00"); err != nil {
		return err
	}
	err := t.number(ctx, quarter{
		period: "2024-Q3", firms: "8160", small: "60000", why: "上半年申报的企业三季度集中入库。", note: "三季度集中入库，较上季增加一成以上。",
		ask: "2024-10-08 14:00", checked: "2024-10-09 09:30", approved: "2024-10-09 15:00",
	})
	if err != nil {
		return err
	}
	d, err := t.reach(ctx, "review")
	if err != nil {
		return err
	}
	t.Step(pack.Text{ZH: "新数字回到路径上，督办自动进入复核，在 office.review 的待办里。", EN: "The new figure is on the path: the directive comes up for review by itself, in the inbox of office.review."}, "/plan/targets/"+target, "/flow", "/directives/"+d.ID)
	if err := t.At("2024-10-10 09:30"); err != nil {
		return err
	}
	err = await(ctx, "the evidence to be checked", func() (bool, error) {
		err := t.do(ctx, "office.review", "directives/"+d.ID, "accept", nil)
		return err == nil, passing(err)
	})
	if err != nil {
		return err
	}
	if d, err = t.reach(ctx, "closed"); err == nil {
		t.Step(pack.Text{ZH: "office.review 核对依据和条件后销号。", EN: "office.review checks evidence and condition, and closes it."}, "/directives/"+d.ID)
	}
	return err
}

// winter: the figure after that slips, and the data open the directive again.
func (t *tale) winter(ctx context.Context) error {
	if err := t.At("2025-01-02 09:00"); err != nil {
		return err
	}
	err := t.number(ctx, quarter{period: "2024-Q4", firms: "7850", small: "62500", why: "一批企业资格到期，未重新认定。", ask: "2025-01-03 10:00", checked: "2025-01-06 09:30", approved: "2025-01-06 15:00"})
	if err != nil {
		return err
	}
	d, err := t.reach(ctx, "issued")
	if err != nil {
		return err
	}
	if d.Round != 2 { //nolint:mnd // the round after the first
		return fault.New(fault.Conflict, "directive %s is in round %d, not in its second", d.ID, d.Round)
	}
	t.Step(pack.Text{ZH: "年底的数字又偏离路径，督办自动重新打开（第 2 轮），回到 kjj 的待办，原因写在上面。", EN: "The year's last figure slips from the path: the directive opens again by itself (round 2), is back in the inbox of kjj, and says why."}, "/plan/targets/"+target, "/flow", "/directives/"+d.ID)
	return nil
}
