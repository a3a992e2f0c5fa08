"""The page's own words: headings, buttons, hints. Key: (English, Japanese).

The page gets them by `/api/labels` and fills the fields itself; what the product has to say (steps,
problems, remedies, the journal) comes as sentences with the state.
"""

from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the frame
        "title": ("Smart Meter B Route", "スマートメーター B ルート"),
        "skip": ("Skip to the content", "本文へ移動"),
        "sections": ("Sections", "セクション"),
        "tab_overview": ("Overview", "概要"),
        "tab_history": ("History", "履歴"),
        "tab_radio": ("Radio", "電波"),
        "tab_devices": ("Devices", "機器"),
        "tab_events": ("Events", "記録"),
        "tab_setup": ("Set up", "初期設定"),
        "loading": ("Loading…", "読み込み中…"),
        "offline": (
            "The app does not answer; this page connects again by itself.",
            "アプリから応答がありません。自動的に再接続します。",
        ),
        "no_charts": (
            "The charts are not installed here: the values are shown as tables.",
            "グラフ用の部品がないため、値を表で表示しています。",
        ),
        "as_table": ("As a table", "表で見る"),
        "chart_empty": ("Nothing recorded yet.", "まだ記録がありません。"),
        "not_available": ("Not available", "取得できません"),
        "read_only": (
            "From this machine the page may only be looked at.",
            "この端末からは閲覧のみ可能です。",
        ),
        "hours": ("{count} h", "{count} 時間"),
        "range": ("Time shown", "表示する期間"),
        "time": ("Time", "時刻"),
        "close": ("Close", "閉じる"),
        # times
        "ago_seconds": ("{count} s ago", "{count} 秒前"),
        "ago_minutes": ("{count} min ago", "{count} 分前"),
        "ago_hours": ("{count} h ago", "{count} 時間前"),
        "ago_days": ("{count} d ago", "{count} 日前"),
        "left_seconds": ("about {count} s left", "残り約 {count} 秒"),
        "left_minutes": ("about {count} min left", "残り約 {count} 分"),
        "left_hours": ("about {count} h left", "残り約 {count} 時間"),
        # what is happening
        "steps": ("What is happening", "現在の状況"),
        "state_done": ("done", "完了"),
        "state_active": ("under way", "進行中"),
        "state_failed": ("failed", "失敗"),
        "state_waiting": ("not yet", "待機中"),
        "what_to_do": ("What to do", "対処方法"),
        "problem": ("There is a problem", "問題が発生しています"),
        # live
        "power": ("Power", "電力"),
        "buying": ("buying", "買電中"),
        "selling": ("selling", "売電中"),
        "neither": ("neither buying nor selling", "買電・売電なし"),
        "current_r": ("Current R", "R相電流"),
        "current_t": ("Current T", "T相電流"),
        "currents": ("Currents", "電流"),
        "updated": ("Updated", "更新"),
        "stale": ("not current", "最新ではありません"),
        "no_power_yet": ("No reading yet", "まだ値がありません"),
        "energy": ("Energy", "電力量"),
        "bought_today": ("Bought today", "今日の買電"),
        "sold_today": ("Sold today", "今日の売電"),
        "yesterday": ("Yesterday", "昨日"),
        "bought": ("Bought", "買電"),
        "sold": ("Sold", "売電"),
        "counters": ("Meter readings", "メーターの指示値"),
        "live_chart": ("The last hours", "ここ数時間"),
        "live_chart_power": (
            "Power over the last {hours} hours: lowest {low} W, highest {high} W.",
            "直近 {hours} 時間の電力：最小 {low} W、最大 {high} W。",
        ),
        "live_chart_currents": (
            "Currents over the last {hours} hours: highest {high} A.",
            "直近 {hours} 時間の電流：最大 {high} A。",
        ),
        # history
        "day": ("Half-hours of a day", "30 分ごとの電力量"),
        "day_pick": ("Day", "日付"),
        "day_before": ("Day before", "前の日"),
        "day_after": ("Day after", "次の日"),
        "day_chart": (
            "{day}: {bought} kWh bought, {sold} kWh sold.",
            "{day}：買電 {bought} kWh、売電 {sold} kWh。",
        ),
        "day_empty": (
            "Nothing is known of this day.",
            "この日の値はありません。",
        ),
        "day_missing": (
            "{count} half-hours of this day are not known.",
            "この日の 30 分値のうち {count} 件が未取得です。",
        ),
        "csv": ("Download all as CSV", "すべて CSV でダウンロード"),
        "coverage": ("The meter's memory", "メーターに残る履歴"),
        "coverage_text": (
            "{known} of {expected} half-hours known, {missing} still to be read, {gone} that the "
            "meter does not remember.",
            "30 分値 {expected} 件中 {known} 件を取得済み。未取得 {missing} 件、"
            "メーターに残っていない値 {gone} 件。",
        ),
        "coverage_whole": (
            "All {known} half-hours are known.",
            "30 分値 {known} 件をすべて取得済み。",
        ),
        "coverage_since": ("Since {day}", "{day} から"),
        "coverage_day": ("{day}: {known} of {expected}", "{day}：{expected} 件中 {known} 件"),
        "coverage_gone": ("{count} not remembered", "{count} 件は記録なし"),
        "coverage_none": (
            "The history begins with the first half-hour that the meter tells.",
            "メーターから最初の 30 分値が届くと、履歴が始まります。",
        ),
        "coverage_calendar": (
            "Half-hours known of each day; choose a day to see it",
            "日ごとの取得状況（選ぶとその日を表示します）",
        ),
        "legend_none": ("none", "なし"),
        "legend_part": ("some", "一部"),
        "legend_full": ("all", "すべて"),
        "legend_gone": ("not remembered", "記録なし"),
        "history_reading": (
            "Reading the meter's memory",
            "メーターの履歴を読み取っています",
        ),
        "history_progress": ("{done} of {total}", "{total} 件中 {done} 件"),
        "import": ("In Home Assistant", "Home Assistant への記録"),
        "import_off": (
            "The history stays here: the option history is off.",
            "設定項目 history が off のため、履歴は Home Assistant に記録されません。",
        ),
        "import_nowhere": (
            "The history stays here: HOME_ASSISTANT_URL and HOME_ASSISTANT_TOKEN are not set.",
            "HOME_ASSISTANT_URL と HOME_ASSISTANT_TOKEN が未設定のため、履歴は Home Assistant に"
            "記録されません。",
        ),
        "import_statistics": (
            "The history is written as statistics of its own, for the Energy dashboard.",
            "履歴を独自の統計として記録しています。エネルギーダッシュボードで使えます。",
        ),
        "import_repair": (
            "The history is written as statistics of its own, and hours that the energy sensors "
            "missed are mended.",
            "履歴を独自の統計として記録し、電力量センサーが記録できなかった時間も修復します。",
        ),
        "import_last": ("Last written", "最終記録"),
        "import_never": ("nothing written yet", "まだ記録していません"),
        "repair": ("Repair of the energy sensors", "電力量センサーの修復"),
        "repair_dry": (
            "This is what would be mended. Nothing is changed unless the option history is repair.",
            "修復の対象です。設定項目 history を repair にするまで変更は行いません。",
        ),
        "repair_will": ("These hours are mended next.", "次に修復する時間です。"),
        "repair_nothing": ("No hour needs mending.", "修復が必要な時間はありません。"),
        "repair_done": ("Mended so far", "修復済み"),
        "repair_statistic": ("Statistic", "統計"),
        "repair_hour": ("Hour", "時刻"),
        "repair_kind": ("Kind", "種類"),
        "repair_old": ("Before", "修復前"),
        "repair_new": ("After", "修復後"),
        "repair_kind_absent": ("absent", "欠落"),
        "repair_kind_flat": ("flat", "横ばい"),
        "repair_kind_cut": ("cut short", "途中まで"),
        # radio
        "strength": ("Signal strength", "電波強度"),
        "strength_good": ("strong", "良好"),
        "strength_fair": ("good enough", "十分"),
        "strength_weak": ("weak", "弱い"),
        "strength_bad": ("too weak", "不足"),
        "guideline": ("guideline −88 dBm", "目安 −88 dBm"),
        "guideline_text": (
            "Above −88 dBm the meter is read reliably.",
            "−88 dBm より強ければ安定して取得できます。",
        ),
        "channel": ("Channel", "チャンネル"),
        "response_time": ("Response time", "応答時間"),
        "radio_chart": (
            "Signal strength over the last {hours} hours: lowest {low} dBm, highest {high} dBm.",
            "直近 {hours} 時間の電波強度：最小 {low} dBm、最大 {high} dBm。",
        ),
        "response_chart": (
            "Response time over the last {hours} hours: highest {high} s.",
            "直近 {hours} 時間の応答時間：最大 {high} 秒。",
        ),
        "airtime": ("Airtime in the last hour", "直近 1 時間の送信時間"),
        "airtime_text": (
            "{used} s of the {budget} s that the law allows in an hour.",
            "法令で定められた上限（1 時間に {budget} 秒）のうち {used} 秒を使用。",
        ),
        "survey": ("Find the best place for the stick", "スティックの設置場所を探す"),
        "survey_text": (
            "Put the stick on an extension cable, start, and move it slowly: wait for a new number "
            "at each place. Readings pause meanwhile.",
            "スティックを延長ケーブルにつないで測定を開始し、ゆっくり動かします。"
            "場所ごとに新しい値が出るまで待ってください。測定中は計測が止まります。",
        ),
        "survey_start": ("Start", "測定を開始"),
        "survey_stop": ("Stop", "測定を終了"),
        "survey_best": ("Best so far", "これまでの最良"),
        "survey_scanning": ("Listening for the meter", "メーターの電波を測定しています"),
        "survey_silent": ("The meter was not heard here", "ここでは電波が届いていません"),
        "survey_samples": ("Measured so far", "これまでの測定値"),
        # devices
        "meter": ("Meter", "メーター"),
        "stick": ("Wi-SUN stick", "Wi-SUN スティック"),
        "maker": ("Maker", "メーカー"),
        "identity": ("Identity", "識別子"),
        "serial_number": ("Serial number", "製造番号"),
        "serial_show": ("Show", "表示"),
        "standard_version": ("Standard version", "規格バージョン"),
        "clock_difference": ("Clock difference", "時計のずれ"),
        "seconds": ("{count} s", "{count} 秒"),
        "dialect": ("Type", "種類"),
        "firmware": ("Firmware", "ファームウェア"),
        "port": ("Port", "ポート"),
        "interval": ("Read every", "読み取り間隔"),
        "properties": ("Supported properties", "対応している項目"),
        "values": ("All values", "すべての値"),
        "value": ("Value", "値"),
        "name": ("Name", "名前"),
        "yes": ("yes", "あり"),
        "no": ("no", "なし"),
        "no_stick": ("No stick has been found yet.", "スティックはまだ見つかっていません。"),
        "no_meter": ("No meter is known yet.", "メーターはまだ見つかっていません。"),
        # events
        "journal": ("Events", "できごと"),
        "journal_empty": ("Nothing has happened yet.", "まだ何も起きていません。"),
        "journal_older": ("Show older", "さらに表示"),
        "kind_info": ("information", "情報"),
        "kind_warning": ("warning", "警告"),
        "kind_error": ("error", "エラー"),
        "kind_good": ("good news", "回復"),
        "commands": ("Commands", "操作"),
        "read_now": ("Read now", "今すぐ取得"),
        "read_now_help": (
            "Asks the meter for everything at once.",
            "メーターの値をすぐに読みます。",
        ),
        "reconnect": ("Reconnect", "再接続"),
        "reconnect_help": ("Logs in to the meter again.", "メーターにログインし直します。"),
        "rescan": ("Search again", "再探索"),
        "rescan_help": (
            "Looks for the meter on all channels.",
            "全チャンネルでメーターを探し直します。",
        ),
        "read_history": ("Read the history again", "履歴を再取得"),
        "read_history_help": (
            "Reads all that the meter remembers once more.",
            "メーターに残っている値をすべて読み直します。",
        ),
        "asked": ("Asked for: {name}", "受け付けました：{name}"),
        "failed": ("That did not work: {name}", "実行できませんでした：{name}"),
        "log_level": ("Log level", "ログの詳しさ"),
        "log_level_help": (
            "Until the next start; the option log_level decides then.",
            "次回の起動までの設定です。起動時は設定項目 log_level に従います。",
        ),
        "level_debug": ("Debug: every message", "debug：すべての通信"),
        "level_info": ("Info: changes of state", "info：状態の変化"),
        "level_warning": ("Warning: faults", "warning：異常"),
        "level_error": ("Error: only what you must mend", "error：対処が必要なもののみ"),
        "help": ("When you need help", "お困りのときは"),
        "diagnostics": ("Download diagnostics", "診断情報をダウンロード"),
        "diagnostics_help": (
            "A file to attach to a report. ID, password and serial number are not in it.",
            "不具合の報告に添付するファイルです。ID、パスワード、製造番号は含まれません。",
        ),
        # first run
        "setup_title": ("Let's read your meter", "メーターの読み取りを始めましょう"),
        "setup_lead": (
            "Two credentials and a Wi-SUN stick are all it takes.",
            "必要なのは、2 つの認証情報と Wi-SUN スティックだけです。",
        ),
        "setup_where": ("Where the credentials come from", "認証情報の入手方法"),
        "setup_where_1": (
            "Apply for the “Route B service” (B ルートサービス) at your grid operator, for example "
            "TEPCO Power Grid. It is free.",
            "お住まいの地域の送配電事業者（東京電力パワーグリッドなど）に「B ルートサービス」を"
            "申し込みます。無料です。",
        ),
        "setup_where_2": (
            "The ID (32 characters) comes by post, the password (12 characters) by e-mail, within "
            "about two weeks.",
            "およそ 2 週間で、認証 ID（32 文字）が郵送で、パスワード（12 文字）が"
            "メールで届きます。",
        ),
        "setup_where_3": (
            "They belong to the meter: type them below just as they are printed.",
            "届いた内容をそのまま下に入力してください。",
        ),
        "setup_credentials": ("Credentials", "認証情報"),
        "route_b_id": ("Route B ID", "B ルート認証 ID"),
        "route_b_id_help": (
            "32 characters, 0–9 and A–F. Spaces and hyphens don't matter.",
            "32 文字（0～9、A～F）。空白やハイフンはあっても構いません。",
        ),
        "route_b_password": ("Route B password", "B ルートパスワード"),
        "route_b_password_help": (
            "12 characters. Capital and small letters are different.",
            "12 文字。大文字と小文字は区別されます。",
        ),
        "set_already": (
            "Already saved; leave it empty to keep it.",
            "保存済みです。空欄なら変更しません。",
        ),
        "password_show": ("Show the password", "パスワードを表示"),
        "password_hide": ("Hide the password", "パスワードを隠す"),
        "characters": ("{count} of {wanted}", "{count} / {wanted} 文字"),
        "looks_right": ("Looks right", "形式は正しいです"),
        "setup_stick": ("The stick", "スティック"),
        "port_auto": ("Find the stick by itself (recommended)", "自動で検出（推奨）"),
        "port_try": ("Try this port", "このポートを試す"),
        "port_none": (
            "No serial port is there: plug the stick in.",
            "シリアルポートがありません。スティックを差し込んでください。",
        ),
        "port_likely": ("likely the stick", "スティックの可能性が高い"),
        "port_trying": ("Trying {port}…", "{port} を試しています…"),
        "port_keep": ("Always use this port", "常にこのポートを使う"),
        "ports_again": ("Look again", "再読み込み"),
        "setup_save": ("Save and start", "保存して開始"),
        "setup_by_hand": (
            "Stand-alone, the options are saved in the options file: put route_b_id and "
            "route_b_password there. This page goes on by itself.",
            "単独動作では、設定ファイルに route_b_id と route_b_password を書いてください。"
            "保存するとこのページは自動的に先へ進みます。",
        ),
        "setup_saving": ("Saving…", "保存しています…"),
        "setup_restarting": (
            "Saved. The app starts again; this takes a few seconds.",
            "保存しました。アプリを再起動しています（数秒かかります）。",
        ),
        "setup_waiting": ("On the way to the first reading", "最初の値を待っています"),
        "setup_first": ("Your meter is being read", "メーターの読み取りが始まりました"),
        "setup_finish": ("Go to the overview", "概要を開く"),
        "setup_again": ("Change the credentials", "認証情報を変更"),
    }
)
