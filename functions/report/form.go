package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
)

// What a report says in words, the same in a workbook and on paper.

// word is a word in both languages.
type word struct{ zh, en string }

var formTitle = word{"社会治安动态视频监控系统建设及应用情况月报表", "Monthly report on the building and use of the video system"}

// stateWords are the words for states.
var stateWords = map[gatepost.ReportState]word{gatepost.ReportDraft: {"草稿", "Draft"}, gatepost.ReportSubmitted: {"已上报", "Submitted"},
	gatepost.ReportReturned: {"退回", "Returned"}, gatepost.ReportLocked: {"已锁定", "Locked"}}

func (l language) state(s gatepost.ReportState) string {
	return l.pick(stateWords[s].zh, stateWords[s].en)
}

// class is a watch class, "1" to "3", as people say it.
func (l language) class(key string) string {
	return l.pick(map[string]string{"1": "一类点", "2": "二类点", "3": "三类点"}[key], "Class "+key)
}

// keyWords say that the key which signed a report was withdrawn; "" when it was not.
func keyWords(r Report, l language) string {
	k := r.KeyWithdrawn
	if k == nil {
		return ""
	}
	words := l.pick("签名密钥已于 %s 撤回（%s）；本报告锁定在可疑时间之前，签名仍有效", "Its key was withdrawn at %s (%s); it was locked before others may have had that, and its signature holds")
	if k.Doubtful {
		words = l.pick("签名密钥已于 %s 撤回（%s）；本报告锁定时密钥可能已外泄，签名不足为凭，以台账为准", "Its key was withdrawn at %s (%s); others may have had it when this was locked: its signature says nothing, the ledger does")
	}
	return fmt.Sprintf(words, stamp(&k.WithdrawnAt), k.Reason)
}

// subtitle says whose report it is, of what and when, and by which clock.
func subtitle(r Report, unit string, l language) []string {
	month := r.Month
	if m, err := gatepost.ParseMonth("month", r.Month); err == nil && l != "en" {
		month = m.First().Start().Format("2006年1月")
	}
	return []string{l.pick("填报单位：", "Unit: ") + unit, l.pick("行政区划：", "Division: ") + fmt.Sprintf("%s (%s)", r.Figures.Name, r.Division), l.pick("统计月份：", "Month: ") + month,
		l.pick("版本：", "Version: ") + strconv.Itoa(r.Version), l.pick("状态：", "State: ") + l.state(r.State),
		l.pick("时间：北京时间(UTC+8)", "Times: China Standard Time (UTC+8)")}
}

// signatories are the places for those who answer for a form.
func signatories(l language) []string {
	if l == "en" {
		return []string{"Head of the unit: ______________", "Filled in by: ______________", "Telephone: ______________", "Date: ______________"}
	}
	return []string{"单位负责人：______________", "填表人：______________", "联系电话：______________", "报出日期：______年____月____日"}
}

// countTable is the figures of the classes, categories or funders.
type countTable struct {
	title string
	names []string
	list  []ReportCount
}

func countTables(f *ReportFigures, l language) []countTable {
	table := func(title string, list []ReportCount, name func(ReportCount) string) countTable {
		names := make([]string, len(list))
		for i, c := range list {
			names[i] = name(c)
		}
		return countTable{title, names, list}
	}
	return []countTable{
		table(l.pick("监控点类别", "Class"), f.Classes, func(c ReportCount) string {
			return l.class(c.Key)
		}),
		table(l.pick("场所类别", "Category"), f.Categories, func(c ReportCount) string {
			words := places[gatepost.PlaceCategory(c.Key)]
			return l.pick(words[0], words[1])
		}),
		table(l.pick("出资单位", "Funder"), f.Funders, func(c ReportCount) string { return c.Name }),
	}
}

// useColumns are those that are counted by kind of unit as well.
var useColumns = sections[len(sections)-1].columns

// row is what a kind of unit did, as a row.
func (u ReportUse) row() ReportRow {
	return ReportRow{Lives: u.Lives, Playbacks: u.Playbacks, Exports: u.Exports, Shares: u.Shares, Viewed: u.Viewed, ViewedBytes: u.ViewedBytes,
		Incidents: u.Incidents, Drills: u.Drills, Served: u.Served, Requests: u.Requests, Answered: u.Answered}
}

// termsWords are the formula of a settlement.
func termsWords(t SettlementTerms, l language) []string {
	yuan := func(fen int64) string { return strconv.FormatFloat(float64(fen)/100, 'f', 2, 64) }
	percent := func(n int64) string { return strconv.FormatFloat(float64(n)/100, 'f', 2, 64) + "%" }
	return []string{l.pick("单价(元/月)：", "Price by month (yuan): ") + fmt.Sprintf(l.pick("一类点 %s，二类点 %s，三类点 %s", "class 1 %s, class 2 %s, class 3 %s"), yuan(t.Prices[0]), yuan(t.Prices[1]), yuan(t.Prices[2])),
		l.pick("约定完整率：", "Continuity owed: ") + percent(t.Owed), l.pick("每低 1% 扣减：", "Deducted for each 1% less: ") + percent(t.Factor/100),
		l.pick("最多扣减：", "Deducted at most: ") + percent(t.Cap)}
}

func filingWords(l language) []string {
	return []string{l.pick("行政区划代码", "Division code"), l.pick("行政区划", "Division"), l.pick("状态", "State"), l.pick("版本", "Version"), l.pick("上报时间", "Submitted"), l.pick("是否逾期", "Late")}
}

// filing is whether a division has filed, which version, when, and whether that is late.
func filing(d ReportFiling, l language) (state, version, at, late string) {
	state, at, late = l.pick("未报", "Not filed"), stamp(d.SubmittedAt), l.pick("否", "No")
	if d.State != "" {
		state, version = l.state(d.State), strconv.Itoa(d.Version)
	}
	if d.Late {
		late = l.pick("是", "Yes")
	}
	return state, version, at, late
}

// stamp is an instant as people read it.
func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(gatepost.Zone).Format("2006-01-02 15:04")
}
