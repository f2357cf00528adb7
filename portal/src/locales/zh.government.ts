/** 中文：建设规划、月报、录像保存。 */
export const government = {
  steps: {
    submit: '提交', review: '审核', way: '提交与审核', submitHint: '提交后不能修改，由上一级审核。', submitLast: '本级为最高一级，提交后即锁定。', return: '退回', remark: '意见', remarkHint: '退回时须写明需要修改之处',
  },
  reports: {
    title: '月报', clocks: '本页时间按本机时区（{{zone}}）显示；统计月份和导出的文件按北京时间（UTC+8）。', about: '建设及应用情况月报：县（区）→ 市 → 省逐级编报、审核、锁定', draw: '编报', of: '填报单位', month: '月份', drawHint: '只能编报已经结束的月份；数据由系统统计，不能手工填写', none: '没有月报', gone: '没有这份月报，或者您无权知道它的存在。', version: '版本', versionOf: '第 {{n}} 版',
    states: { draft: '草稿', submitted: '待审核', returned: '已退回', locked: '已锁定' }, late: '迟报', submitted: '提交时间', decided: '审核', titleOf: '{{name}} {{month}} 月报', refresh: '重新统计', accept: '通过并锁定', acceptHint: '通过后即签名锁定，不能再改；更正须另编一版。', remark: '审核意见',
    formats: { xlsx: 'Excel（XLSX）', pdf: 'PDF', csv: 'CSV', json: 'JSON（锁定后为签名的原件）' }, returned: '{{time}} 退回修改', waits: '{{time}} 提交，等待审核：', lockedAt: '{{time}} 锁定，数据不再变化', signature: '签名', signatureHint: '任何人都可以用平台公钥核验：', keyWithdrawn: '签名密钥已于 {{time}} 撤回：{{reason}}', keyDoubtful: '锁定时密钥可能已外泄，签名不足为凭，以台账为准。请另编一版，用新密钥签名。', keyHolds: '锁定在可疑时间之前，签名仍有效。', versions: '本月各版：',
    looks: '调阅次数', ofPlanned: '建成 {{built}} / 规划 {{planned}}', ofExports: '导出 {{exports}}，分享链接 {{shares}}', ofServed: '其中有调阅的 {{served}}，演练 {{drills}}', ofRepairs: '修复 {{repairs}}', ofMeanRepair: '修复 {{repairs}}，平均 {{hours}} 小时', faultKind: '故障类别', noFaults: '本月没有故障', ofDeduction: '已扣减 {{deduction}}', net: '应付', fee: '费用', deduction: '扣减', payer: '付费单位',
    divisions: '各地情况', rank: '名次', total: '合计', own: '{{name}}（本级）', building: '规划、建成、验收', monthOnMonth: '与上月比较', months: '逐月情况', noBefore: '上月没有锁定的月报，无从比较', figure: '指标', before: '上月', now: '本月', change: '增减', filings: '下级报送情况', notFiled: '未报送', notFiledLate: '逾期未报',
    groups: { build: '建设', record: '录像', watch: '值守与保存', repair: '故障与维修', use: '应用' }, by: { classes: '按类别', categories: '按场所', funders: '按出资单位', faults: '按故障', uses: '按使用单位', settlement: '结算' },
    columns: {
      planned: '规划数', enrolled: '登记数', built: '建成数', accepted: '验收数', in_service: '在用数', due_ms: '应录（小时）', recorded_ms: '实录（小时）', continuity: '录像完整率', gap_camera_offline_ms: '摄像机离线（小时）', gap_network_ms: '网络中断（小时）', gap_gateway_ms: '网关故障（小时）', gap_storage_ms: '存储故障（小时）', gap_suspended_ms: '停用未恢复（小时）', online_ms: '在线（小时）', online_rate: '在线率',
      watch_due_ms: '应值守（小时）', watched_ms: '已值守（小时）', watch_rate: '一类点值守率', retention_short: '保存期不足', retention_rate: '保存期达标率', objects: '入库文件', bytes: '入库', stored_bytes: '在库', faults: '故障数', fault_ms: '故障（小时）', work_orders: '派修工单', work_orders_closed: '结单', work_orders_overdue: '逾期工单', repairs: '修复数', repair_ms: '修复用时（小时）', mean_repair_ms: '平均修复（小时）', live_looks: '实时调阅', playbacks: '录像调阅', exports: '导出', shares: '分享链接', viewed_ms: '观看（小时）', viewed_bytes: '观看流量', incidents: '应急启动', incidents_served: '其中有调阅', drills: '演练', footage_requests: '录像请求', footage_answered: '其中已答复',
    },
    terms: { none: '尚未设定结算办法', set: '结算办法', about: '费用 = 单价 × 应录时长 ÷ 当月时长；完整率每低于约定 1%，扣减费用的若干；扣减有上限。已锁定的月报不受影响。', price: '{{class}}单价（元/月）', owed: '约定完整率', factor: '每低 1% 扣减', cap: '扣减上限', words: '结算：{{prices}} 每台每月；完整率低于 {{owed}} 时，每低 1% 扣 {{factor}}%，至多扣 {{cap}}' },
  },
  programmes: {
    title: '建设规划', about: '市、县年度建设规划：编报、逐级审核、建成、验收', list: '规划', coverage: '覆盖与盲区', uncontrolled: '失控点', draw: '编制规划', edit: '修改规划', of: '编报单位', one: '建设规划', open: '查看', none: '没有规划', year: '年度', inForce: '只看现行', count: '目标数（台）', sites: '点位', site: '点位名称', targets: '建设目标', addTarget: '添加目标', addSite: '添加点位',
    strength: '力度', strengths: { full: '全面建成', basic: '基本建成', strive: '力争' }, deadline: '期限', states: { draft: '草稿', submitted: '待审核', returned: '已退回', approved: '现行', superseded: '已被取代' }, awaits: '等待', approve: '同意', approveHint: '同意后报上一级；最高一级同意后即生效，不能再改。', isBlind: '盲区', isCovered: '已覆盖',
    within: '点位多近有可用的摄像机算覆盖：', covered: '{{sites}} 个点位中已覆盖 {{covered}} 个（{{rate}}）', chart: '{{year}} 年各类场所：规划、建成、验收', noCoverage: '没有现行规划，也没有摄像机', done: '完成率', blind: '盲区：附近没有可用摄像机的点位', noBlind: '没有盲区', nearest: '最近的摄像机', far: '附近没有',
    uncontrolledHint: '在用，但最近一个统计日的录像不足应录的 90%。', noUncontrolled: '没有失控点', day: '统计日',
  },
  signOff: {
    title: '公安验收', hint: '网关测量合格后，由摄像机所在地公安的负责人或主管验收；验收后计入月报的验收数。', passed: '验收合格', failed: '不合格', remark: '验收意见', remarkHint: '不合格时须写明缺什么', done: '验收结论已登记', signedPassed: '公安已于 {{time}} 验收合格。', signedFailed: '公安于 {{time}} 验收不合格：',
  },
  restores: {
    ask: '申请调档', hint: '深度归档的录像须先取回，一般需 12 至 48 小时；取回后可回放数天。回放仍须另行登记。', none: '没有调档', states: { running: '调档中', ready: '可以回放', over: '已过期', given_up: '未成' }, progress: '进度', of: '{{ready}} / {{recordings}} 段', playable: '可回放至',
    problem: '存储在三天内没有取回，请重新申请，或联系运营方', here: '这段录像在深度归档中，现在不能播放', hereHint: '{{window}}。申请调档后一般需 12 至 48 小时，取回后可回放数天；完成时会通知本单位。', under: '{{time}} 已申请调档，已取回 {{ready}} / {{recordings}} 段；完成时会通知本单位。', asked: '已申请调档',
  },
  retention: {
    title: '录像保存', about: '保存多久、删了什么、为案件封存了什么、存储费用', tabs: { policy: '保存策略', dryRun: '试运行', runs: '清理记录', cost: '存储费用', certificates: '删除证明', orders: '提前删除', holds: '封存', restores: '调档' },
    categories: { general: '一般场所', key_target: '反恐重点目标' }, category: '法定类别', present: '现行策略（第 {{n}} 版）', change: '修改策略', changeHint: '保存后立即生效，对已有录像也生效。请先试算：下限提高不会找回已删除的录像，上限降低会删除超期录像。', history: '历次策略', noHistory: '策略未曾修改', bounds: '{{floor}} 至 {{ceiling}} 天', unit: '天', floorOf: '{{category}}：下限', ceilingOf: '{{category}}：上限',
    incidentDays: '应急录像至少保存', holdLimit: '每个单位的封存容量', prices: '存储单价（每 GiB 每月）', classes: { hot: '标准', infrequent: '低频', archive: '归档', deep_archive: '深度归档' }, after: '满 {{count}} 天', never: '不转', infrequentAfter: '转低频（0 为不转）', archiveAfter: '转归档（0 为不转）', deepAfter: '转深度归档（0 为不转，回放前须取回）', priceOf: '{{class}}单价', perGiB: '/ GiB·月', try: '试算', outcome: '查看了 {{cameras}} 台摄像机：现在会删除 {{recordings}} 段录像，{{bytes}}，每月存储费用 {{cost}}',
    dryRunHint: '按现行策略计算现在会删除什么；不会真的删除。', quiet: '也显示无事可做的各轮', noRuns: '还没有清理过录像', ended: '删除', moved: '改期', classed: '转存储类别', costHint: '按策略单价和现存录像计算的每月存储费用', days: '保存期', stored: '现存', monthly: '每月费用', certificatesHint: '证明只在当天录像删完后签发，并记入台账。', noCertificates: '还没有删除过录像', allCameras: '全部摄像机', dayUTC: '日期（UTC）', ruleTitle: '依据',
    rule: { policy: '第 {{version}} 版策略：{{footage}}，{{days}} 天', order: '提前删除的决定' }, footage: { ordinary: '一般录像', incident: '应急录像', held: '封存录像' }, recordings: '录像段数', gone: '删除时间', digest: '摘要', issued: '{{time}} 签发', notIssued: '未签发', order: '提前删除', orderHint: '按当事人请求的决定，在到期前删除；一人提出，另一人批准。封存的录像不会被删除。', noOrders: '没有提前删除',
    orderStates: { open: '待批准', refused: '已拒绝', approved: '执行中', done: '已删除' }, decision: '决定文号', decisionHint: '对当事人请求作出的决定的编号', doneAt: '{{time}} 删完', another: '须由另一人批准', approveAsk: '批准后录像被删除，不能恢复。', windowHint: '至多 31 天；与时段相交的录像整段删除', hold: '封存', holdHint: '为案件保留一段录像，到期前谁也不能删除。', noHolds: '没有封存', holdStates: { held: '封存中', released: '已解除', over: '已到期' }, until: '封存至', untilHint: '至多十年，到期自动解除', release: '解除', releaseAsk: '解除后，超过保存期的录像会被删除。', releasedAt: '{{time}} 解除',
    use: '{{holds}} 件封存，{{recordings}} 段录像；容量 {{limit}}', noUse: '没有封存占用', warnings: { near: '接近容量', over: '超过容量' },
    ofCamera: '保存与费用', asked: '产权单位要求', now: '实际保存', incident: '应急录像', storedIn: '现存（{{class}}）', nothingStored: '没有录像', plan: '套餐', planDays: '至多保存 {{count}} 天', edit: '修改', editHint: '法定类别由系统管理员设定',
  },
};
