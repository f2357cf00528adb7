package report

import (
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// language is that of a file: "zh" or "en".
type language string

func (l language) pick(zh, en string) string {
	if l == "en" {
		return en
	}
	return zh
}

// column is a column of the table of divisions.
type column struct {
	zh, en string
	value  func(ReportRow) any // string, int64, float64, or nil for nothing
	format string              // of numbers, as spreadsheets write it; "" for text
	ratio  [2]string           // keys of the columns that a rate is computed from; empty for what is added up
	mean   [2]string           // keys of those that a mean is
	key    string
}

// width is that of a column of a workbook, in characters.
func (c column) width() float64 {
	switch {
	case c.key == "name":
		return 18
	case strings.HasSuffix(c.key, "bytes") || c.key == "stored":
		return 22
	case c.format == whatHours:
		return 15
	}
	return 12
}

const (
	whatCount = "#,##0"
	whatHours = "#,##0.00"
	whatRate  = "0.00%"
)

func count(key, zh, en string, get func(ReportRow) int64) column {
	return column{key: key, zh: zh, en: en, format: whatCount, value: func(r ReportRow) any { return get(r) }}
}

// hours is a duration in hours; it is exact to the millisecond.
func hours(key, zh, en string, get func(ReportRow) int64) column {
	return column{key: key, zh: zh + "(小时)", en: en + " (h)", format: whatHours, value: func(r ReportRow) any { return float64(get(r)) / 3_600_000 }}
}

func percent(key, zh, en, part, of string, get func(ReportRow) *int64) column {
	return column{key: key, zh: zh, en: en, format: whatRate, ratio: [2]string{part, of}, value: func(r ReportRow) any {
		if v := get(r); v != nil {
			return float64(*v) / whole
		}
		return nil
	}}
}

// section is a table of divisions that fits on a page.
type section struct {
	zh, en  string
	columns []column
}

// identity are the columns that every section begins with.
var identity = []column{
	{key: "code", zh: "行政区划代码", en: "Division code", value: func(r ReportRow) any { return r.Division }},
	{key: "name", zh: "行政区划", en: "Division", value: func(r ReportRow) any { return r.Name }},
}

// sections are the tables of divisions, in their order.
var sections = []section{
	{zh: "建设情况", en: "Building", columns: []column{
		count("planned", "规划数", "Planned", func(r ReportRow) int64 { return r.Planned }),
		count("enrolled", "登记数", "Enrolled", func(r ReportRow) int64 { return r.Enrolled }),
		count("built", "建成数", "Built", func(r ReportRow) int64 { return r.Built }),
		count("accepted", "验收数", "Accepted", func(r ReportRow) int64 { return r.Accepted }),
		count("in_service", "在用数", "In service", func(r ReportRow) int64 { return r.InService }),
		count("kept", "保存期达标数", "Kept long enough", func(r ReportRow) int64 { return r.InService - r.Short }),
		count("short", "保存期不足数", "Kept too short", func(r ReportRow) int64 { return r.Short }),
		percent("retention_rate", "保存期达标率", "Retention rate", "kept", "in_service", func(r ReportRow) *int64 { return r.Kept }),
		count("objects", "入库文件数", "Objects ingested", func(r ReportRow) int64 { return r.Objects }),
		count("bytes", "入库字节", "Bytes ingested", func(r ReportRow) int64 { return r.Bytes }),
		count("stored", "在库字节", "Bytes stored", func(r ReportRow) int64 { return r.Stored }),
	}},
	{zh: "录像与值守", en: "Recording", columns: []column{
		hours("due", "应录时长", "Due", func(r ReportRow) int64 { return r.Due }),
		hours("recorded", "实录时长", "Recorded", func(r ReportRow) int64 { return r.Recorded }),
		percent("continuity", "录像完整率", "Continuity", "recorded", "due", func(r ReportRow) *int64 { return r.Continuity }),
		{key: "rank", zh: "名次", en: "Rank", value: func(r ReportRow) any {
			if r.Rank > 0 {
				return int64(r.Rank)
			}
			return nil
		}},
		hours("offline", "断录:摄像机离线", "Gap: camera offline", func(r ReportRow) int64 { return r.Offline }),
		hours("network", "断录:网络", "Gap: network", func(r ReportRow) int64 { return r.Network }),
		hours("gateway", "断录:网关", "Gap: gateway", func(r ReportRow) int64 { return r.Gateway }),
		hours("storage", "断录:存储", "Gap: storage", func(r ReportRow) int64 { return r.Storage }),
		hours("suspended", "断录:停用后未恢复", "Gap: not back after suspension", func(r ReportRow) int64 { return r.Suspended }),
		hours("online", "在线时长", "Online", func(r ReportRow) int64 { return r.Online }),
		percent("online_rate", "在线率", "Online rate", "online", "due", func(r ReportRow) *int64 { return r.OnlineRate }),
		hours("watch_due", "一类点应值守时长", "Class 1 watch due", func(r ReportRow) int64 { return r.WatchDue }),
		hours("watched", "一类点实际值守时长", "Class 1 watched", func(r ReportRow) int64 { return r.Watched }),
		percent("watch_rate", "一类点值守率", "Class 1 watch rate", "watched", "watch_due", func(r ReportRow) *int64 { return r.WatchRate }),
	}},
	{zh: "故障与维修", en: "Repair", columns: []column{
		count("faults", "故障数", "Faults", func(r ReportRow) int64 { return r.Faults }),
		hours("fault_time", "故障时长", "Fault time", func(r ReportRow) int64 { return r.FaultTime }),
		count("orders", "派修工单数", "Work orders", func(r ReportRow) int64 { return r.Orders }),
		count("closed", "结单数", "Closed", func(r ReportRow) int64 { return r.Closed }),
		count("overdue", "逾期工单数", "Overdue", func(r ReportRow) int64 { return r.Overdue }),
		count("repaired", "修复数", "Repaired", func(r ReportRow) int64 { return r.Repaired }),
		hours("repair_time", "修复总时长", "Time to repair", func(r ReportRow) int64 { return r.RepairTime }),
		{key: "mean_repair", zh: "平均修复时长(小时)", en: "Mean time to repair (h)", format: whatHours, mean: [2]string{"repair_time", "repaired"}, value: func(r ReportRow) any {
			if r.Repaired == 0 {
				return nil
			}
			return float64(r.RepairTime) / 3_600_000 / float64(r.Repaired)
		}},
	}},
	{zh: "应用情况", en: "Use", columns: []column{
		count("lives", "实时调阅次数", "Live looks", func(r ReportRow) int64 { return r.Lives }),
		count("playbacks", "录像调阅次数", "Playbacks", func(r ReportRow) int64 { return r.Playbacks }),
		hours("viewed", "观看时长", "Viewed", func(r ReportRow) int64 { return r.Viewed }),
		count("viewed_bytes", "观看字节", "Bytes viewed", func(r ReportRow) int64 { return r.ViewedBytes }),
		count("exports", "导出次数", "Exports", func(r ReportRow) int64 { return r.Exports }),
		count("shares", "分享链接数", "Share links", func(r ReportRow) int64 { return r.Shares }),
		count("incidents", "突发事件等启动次数", "Incidents", func(r ReportRow) int64 { return r.Incidents }),
		count("served", "其中有调阅的", "Of these, served", func(r ReportRow) int64 { return r.Served }),
		count("drills", "演练次数", "Drills", func(r ReportRow) int64 { return r.Drills }),
		count("requests", "录像请求数", "Footage requests", func(r ReportRow) int64 { return r.Requests }),
		count("answered", "其中已答复", "Of these, answered", func(r ReportRow) int64 { return r.Answered }),
	}},
}

// rows are those of a report and behind them its total, named as people read them.
func rows(f *ReportFigures, l language) []ReportRow {
	list := append(slices.Clone(f.Rows), f.Total)
	for i := range f.Rows {
		switch {
		case list[i].Division == "":
			list[i].Name = l.pick("无行政区划", "Without a division")
		case list[i].Own:
			list[i].Name += l.pick("本级", " itself")
		}
	}
	return list
}

// places are the words for categories, kinds those for organisations, faults for faults.
var (
	places = map[gatepost.PlaceCategory][2]string{
		gatepost.PlaceTownCentre: {"中心城镇", "Town centre"}, gatepost.PlaceMarketTown: {"重点集镇", "Market town"}, gatepost.PlaceMainStreet: {"主要街区", "Main street"},
		gatepost.PlaceBusyArea: {"繁华地段", "Busy area"}, gatepost.PlacePublic: {"公共场所", "Public place"}, gatepost.PlaceJunction: {"交通路口重点部位", "Junction"},
		gatepost.PlaceTroubled: {"治安混乱地区", "Troubled area"}, gatepost.PlaceBoundary: {"区域边界", "Boundary"}, gatepost.PlaceMarket: {"专业市场", "Market"},
		gatepost.PlaceResidential: {"居民小区", "Residential"}, gatepost.PlacePremises: {"单位内部", "Premises"}, gatepost.PlaceBus: {"公交车辆", "Bus"},
		gatepost.PlaceVillage: {"行政村", "Village"}, gatepost.PlaceUnclassified: {"未分类", "Unclassified"},
	}
	kinds = map[gatepost.OrganisationKind][2]string{
		gatepost.KindGovernment: {"政府", "Government"}, gatepost.KindPolice: {"公安", "Police"}, gatepost.KindDepartment: {"职能部门", "Department"},
		gatepost.KindSubControl: {"分控中心", "Sub-control centre"}, gatepost.KindBusiness: {"企业", "Business"}, gatepost.KindCommunity: {"社区", "Community"},
		gatepost.KindOperator: {"运营商", "Operator"}, gatepost.KindThirdParty: {"第三方", "Third party"},
	}
	faults = map[gatepost.FaultKind][2]string{
		gatepost.FaultOffline: {"离线", "Offline"}, gatepost.FaultRecording: {"未录像", "Not recorded"}, gatepost.FaultKeyFrames: {"无关键帧", "No key frames"}, gatepost.FaultBlack: {"黑屏", "Black"},
		gatepost.FaultFrozen: {"画面冻结", "Frozen"}, gatepost.FaultBitRate: {"码率过低", "Low bit rate"}, gatepost.FaultClock: {"时钟偏差", "Clock"}, gatepost.FaultUnwatched: {"一类点无人值守", "Class 1 unwatched"},
	}
)
