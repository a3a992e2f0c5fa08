"""What the page tells of each step of the way. Key: (English, Japanese)."""

SENTENCES = {
    "step_title_stick": ("Stick", "スティック"),
    "step_title_language": ("Language", "通信方式"),
    "step_title_meter_found": ("Meter found", "メーターの検出"),
    "step_title_logged_in": ("Logged in", "ログイン"),
    "step_title_interviewed": ("Interviewed", "機能の確認"),
    "step_title_reading": ("Reading", "計測"),
    "step_title_history": ("History", "履歴"),
    "step_stick_active": ("Looking for the stick…", "スティックを探しています…"),
    "step_stick_done": ("Found at {port}", "{port} で検出"),
    "step_language_active": (
        "Asking what is plugged in…",
        "差し込まれている機器を確認しています…",
    ),
    "step_language_done": (
        "{dialect}, firmware {firmware}",
        "{dialect}、ファームウェア {firmware}",
    ),
    "step_meter_found_active": (
        "Listening for the meter on all channels; up to two minutes…",
        "全チャンネルでメーターを探しています（最長 2 分ほど）…",
    ),
    "step_meter_found_done": ("On channel {channel}", "チャンネル {channel}"),
    "step_meter_found_strength": (
        "On channel {channel}, signal {dbm} dBm",
        "チャンネル {channel}、電波強度 {dbm} dBm",
    ),
    "step_meter_found_signal": ("Signal {dbm} dBm", "電波強度 {dbm} dBm"),
    "step_logged_in_active": ("Logging in…", "ログインしています…"),
    "step_logged_in_done": ("The session stands", "セッション確立済み"),
    "step_logged_in_renewing": ("Renewing the session…", "セッションを更新しています…"),
    "step_interviewed_active": (
        "Asking the meter what it can tell…",
        "メーターの対応項目を確認しています…",
    ),
    "step_interviewed_done": (
        "{maker}, {count} kinds of value",
        "{maker}、対応項目 {count} 種類",
    ),
    "step_reading_active": ("Waiting for the first value…", "最初の値を待っています…"),
    "step_reading_done": ("Every {interval} seconds", "{interval} 秒ごと"),
    "step_reading_hold": (
        "Paused: the hour's airtime is used up; goes on by itself",
        "送信時間の上限に達したため休止中（自動で再開します）",
    ),
    "step_history_off": ("Switched off in the options", "設定で無効になっています"),
    "step_history_active": (
        "Reading the meter's memory: {done} of {total}",
        "メーターの履歴を読み取り中：{total} 件中 {done} 件",
    ),
    "step_history_done": ("Complete", "すべて取得済み"),
    "step_history_partly": (
        "{percent} % known; the rest follows by itself",
        "{percent} % 取得済み（残りは自動で取得します）",
    ),
}
