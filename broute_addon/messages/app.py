"""Sentences about the process, its commands and its files. Key: (English, Japanese)."""

SENTENCES = {
    "started": (
        "Smart Meter B Route {version} started.",
        "スマートメーター B ルート {version} を開始しました。",
    ),
    "started_alone": (
        "Smart Meter B Route {version} started, without a Supervisor.",
        "スマートメーター B ルート {version} を開始しました（Supervisor なし）。",
    ),
    "web_password_unreadable": (
        "The page's password file {path} can't be read ({reason}); visitors from other machines "
        "may only look.",
        "ページのパスワードファイル {path} を読み込めません（{reason}）。"
        "ほかの機器からは閲覧のみ可能です。",
    ),
    "state_damaged": (
        "{path} can't be used ({reason}): set aside; the meter is looked for anew.",
        "{path} を使用できません（{reason}）。退避して、メーターを探し直します。",
    ),
    "state_unreadable": (
        "{path} can't be read ({reason}): the meter is looked for anew, and what is learned is not "
        "kept; restart once the file can be read.",
        "{path} を読み込めません（{reason}）。メーターを探し直しますが、"
        "学習した内容は保存されません。読み込めるようになったら再起動してください。",
    ),
    "forget_impossible": (
        "{path} can't be used ({reason}): what is to be cleared is not known.",
        "{path} を使用できないため（{reason}）、消去する対象が分かりません。",
    ),
    "state_unwritable": (
        "{path} can't be written ({reason}): what is learned is lost at the next start.",
        "{path} に書き込めません（{reason}）。学習した内容は次回の起動時に失われます。",
    ),
    "page_served": (
        "The page is served at http://{host}:{port}/.",
        "ページは http://{host}:{port}/ で開けます。",
    ),
    "memory_reading": (
        "Reading what is missing from the meter's memory: {missing} half-hour values.",
        "不足している {missing} 件の30分値を、メーターに残る履歴から読み取ります。",
    ),
    "memory_read": (
        "The meter's memory is read: {known} half-hour values are known, {gone} it doesn't "
        "remember.",
        "メーターの履歴を読み取りました。取得済みの30分値は {known} 件、メーターに残っていない値は "
        "{gone} 件です。",
    ),
    "metrics_port_taken": (
        "Metrics can't be served at {host}:{port} ({reason}); everything else goes on.",
        "{host}:{port} でメトリクスを提供できません（{reason}）。ほかの機能は動作を続けます。",
    ),
    "bug": (
        "This is a fault in the program: please report it with the lines below.",
        "プログラムの不具合です。以下の内容を添えて報告してください。",
    ),
    "stopped": ("Stopped.", "終了しました。"),
    "credentials_nowhere": (
        "No credentials: give --options FILE, or set {variable} in the environment.",
        "認証情報がありません。--options でファイルを指定するか、"
        "環境変数 {variable} を設定してください。",
    ),
    "demo_broker_failed": (
        "The demo's MQTT broker did not start.",
        "デモ用の MQTT ブローカーを起動できませんでした。",
    ),
    "demo_broker_absent": (
        "The demo needs an MQTT broker: install mosquitto, or name one with --mqtt.",
        "デモには MQTT ブローカーが必要です。mosquitto をインストールするか、"
        "--mqtt で指定してください。",
    ),
    "demo_left": (
        "The demo could not clear its messages at the broker: those below broute/{instance}/ and "
        "their discovery are left there.",
        "デモのメッセージをブローカーから消去できませんでした。broute/{instance}/ 以下と"
        "その検出情報が残っています。",
    ),
}
