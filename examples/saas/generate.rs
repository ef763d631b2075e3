//! The events of the example of a product for companies: some forty accounts over ten months, and the visitors of its
//! pages.
//!
//! An account is in one of seven stages, from a trial nobody has begun to a customer about to leave. Its owner comes as
//! a visitor, signs up and invites the others. Consultants work for two or three accounts. The servers report sign-ins,
//! projects and invoices; the help desk knows people by the number of the sales team's records. The stories of a few
//! people are written out: two answers that contradict each other, a tablet that two people use, a test account.

use serde_json::{Value, json};

use super::kit::{
    self, Answer, DAY, Device, HOUR, MINUTE, Mess, NOW, Rng, date, from_server, iso, money, preference_update, track,
};

/// How an account is doing.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    NewTrial,
    IdleTrial,
    EndingTrial,
    Free,
    Team,
    Business,
    Leaving,
}

use Stage::{Business, EndingTrial, Free, IdleTrial, Leaving, NewTrial, Team};

/// At least, at most.
type Range = (i64, i64);

/// Each stage: how many accounts, how many users, how many days ago they signed up.
const STAGES: [(Stage, usize, Range, Range); 7] = [
    (NewTrial, 5, (1, 4), (3, 14)),
    (IdleTrial, 4, (1, 2), (2, 16)),
    (EndingTrial, 5, (2, 5), (23, 29)),
    (Free, 7, (1, 3), (30, 290)),
    (Team, 8, (3, 6), (70, 300)),
    (Business, 5, (5, 9), (150, 300)),
    (Leaving, 5, (2, 5), (120, 300)),
];

const COMPANIES: [&str; 10] = [
    "Alder", "Birch", "Cedar", "Dune", "Elm", "Fjord", "Glen", "Heath", "Inlet", "Juniper",
];
const BRANCHES: [&str; 4] = ["Design", "Logistics", "Studio", "Works"];
const NAMES: [&str; 8] = ["Amal", "Bea", "Chris", "Dana", "Emil", "Farah", "Gus", "Hanna"];

/// How long a contract runs, and again.
const HALF_YEAR: i64 = 182 * DAY;

/// The answers people give: to ads, to being measured, to mails.
const CHOICES: [[bool; 3]; 8] = [
    [true, true, true],
    [true, true, true],
    [true, true, true],
    [false, true, true],
    [false, true, false],
    [true, true, false],
    [false, false, false],
    [false, false, true],
];

fn answer([ads, analytics, marketing]: [bool; 3]) -> Answer {
    vec![("Advertising", ads), ("Analytics", analytics), ("Marketing", marketing)]
}

struct User {
    id: String,
    email: String,
    name: &'static str,
    role: &'static str,
    /// The number in the sales team's records.
    crm_id: Option<String>,
    device: Device,
}

struct Account {
    number: usize,
    id: String,
    name: String,
    stage: Stage,
    signed_up: i64,
}

impl Account {
    fn plan(&self) -> &'static str {
        match self.stage {
            NewTrial | IdleTrial | EndingTrial => "trial",
            Free => "free",
            Team | Leaving => "team",
            Business => "business",
        }
    }

    /// What a group call says of it. Seats come as text from the billing system.
    fn traits(&self, users: usize) -> Value {
        let mut traits = json!({"name": self.name, "plan": self.plan(), "seats_used": users});
        let seats = match self.number % 3 {
            0 => users,
            _ => users + 2 + self.number % 4,
        };
        match self.stage {
            NewTrial | IdleTrial | EndingTrial => traits["trial_ends"] = json!(iso(self.signed_up + 30 * DAY)),
            Free => {}
            Team | Business | Leaving => {
                let half_years = (NOW - self.signed_up) / HALF_YEAR + 1;
                traits["seats"] = json!(seats.to_string());
                traits["contract_end"] = json!(date(self.signed_up + half_years * HALF_YEAR));
                traits["subscriptions"] = json!(self.products().map(|product| {
                    let seats = if product == "analytics" { seats * 4 } else { seats };
                    json!({"product": product, "seats": seats})
                }));
            }
        }
        traits["features"] = match self.number % 8 {
            1 => json!(["automation_beta", "dark_mode"]),
            4 => json!(["unlimited_guests"]),
            _ => json!(["dark_mode"]),
        };
        traits
    }

    fn products(&self) -> [&'static str; 2] {
        if self.number.is_multiple_of(2) {
            ["boards", "automation"]
        } else {
            ["boards", "analytics"]
        }
    }
}

#[derive(Default)]
struct Story {
    events: Vec<Value>,
    users: usize,
}

impl Story {
    fn server(&mut self, user: &User, at: i64, body: Value) {
        self.events.push(from_server(&user.id, at, body));
    }

    fn browser(&mut self, rng: &mut Rng, device: &Device, at: i64, body: Value) {
        self.events.push(device.send(rng, at, body));
    }

    /// A visitor looks at some pages, and is asked for consent if the banner comes up at all.
    fn visit(&mut self, rng: &mut Rng, device: &mut Device, at: i64, pages: &[&str]) {
        for (number, page) in (0..).zip(pages) {
            let at = at + number * 3 * MINUTE;
            let path = format!("/{}", page.to_lowercase().replace(' ', "/"));
            let page = json!({"type": "page", "name": page, "properties": {"path": path}});
            self.browser(rng, device, at, page);
            if number == 0 && device.answer.is_none() && rng.percent(85) {
                device.answer = Some(answer(rng.pick(&CHOICES)));
                self.browser(rng, device, at + MINUTE, preference_update());
            }
        }
    }

    /// Somebody gets a user: as the owner by signing up, as another by an invitation.
    fn join(&mut self, rng: &mut Rng, account: &Account, role: &'static str, at: i64) -> User {
        let number = self.users;
        self.users += 1;
        let name = rng.pick(&NAMES);
        let domain = account.name.to_lowercase().replace(' ', "-");
        let domain = if number % 41 == 9 { "deckplan" } else { &domain };
        let mut user = User {
            id: format!("u{}", 100 + number),
            email: format!("{}{number}@{domain}.example", name.to_lowercase()),
            name,
            role,
            crm_id: (role == "owner" || number.is_multiple_of(3)).then(|| format!("C-{}", 7_000 + number)),
            device: Device::new(rng, &["web", "web", "web", "web", "android"]),
        };
        let pages: &[_] = if role == "owner" {
            &["Home", "Pricing"]
        } else {
            &["Invitation"]
        };
        let mut device = user.device.clone();
        self.visit(rng, &mut device, at, pages);
        device.user_id = Some(user.id.clone());
        let at = at + 10 * MINUTE;
        if role == "owner" {
            let plan = if account.stage == Free { "free" } else { "trial" };
            self.browser(rng, &device, at, track("Signed Up", json!({"plan": plan})));
        }
        user.device = device;
        self.sign_in(rng, &user, at + MINUTE);
        let mut traits = json!({"email": user.email, "name": user.name, "role": user.role});
        if let Some(crm_id) = &user.crm_id {
            traits["crm_id"] = json!(crm_id);
        }
        self.server(&user, at + 2 * MINUTE, json!({"type": "identify", "traits": traits}));
        self.belong(&user, account, at + 2 * MINUTE, json!({}));
        user
    }

    fn belong(&mut self, user: &User, account: &Account, at: i64, traits: Value) {
        let group = json!({"type": "group", "groupId": account.id, "traits": traits});
        self.server(user, at, group);
    }

    fn sign_in(&mut self, rng: &mut Rng, user: &User, at: i64) {
        let method = if user.id.ends_with('7') { "sso" } else { "password" };
        self.browser(rng, &user.device, at, track("Signed In", json!({"method": method})));
    }

    /// Everything of one account.
    fn account(&mut self, rng: &mut Rng, account: &Account, size: i64) -> Vec<User> {
        let owner = self.join(rng, account, "owner", account.signed_up);
        let mut users = vec![owner];
        if account.stage != IdleTrial {
            self.first_steps(rng, account, size, &mut users);
        }
        self.belong(
            &users[0],
            account,
            account.signed_up + 12 * MINUTE,
            account.traits(users.len()),
        );
        for user in &users {
            self.work(rng, account, user);
        }
        self.in_vain(rng, account);
        self.invoices(rng, account, &users[0], users.len());
        users
    }

    /// A project, and the others who are invited into it.
    fn first_steps(&mut self, rng: &mut Rng, account: &Account, size: i64, users: &mut Vec<User>) {
        let project_id = format!("p-{:05x}", rng.next() >> 44);
        let began = account.signed_up + rng.between(1, 60) * HOUR;
        let project = json!({"project_id": project_id, "template": rng.pick(&["blank", "sprint", "launch"]), "guests": rng.percent(20)});
        self.server(&users[0], began, track("Project Created", project));
        for number in 1..size {
            // Every fifth account invites into a project that came with it: the funnel asks for the new one.
            let project_id = if account.number % 5 == 4 {
                "p-welcome"
            } else {
                &project_id
            };
            let role = if number == 1 { "admin" } else { "member" };
            let at = began + number * HOUR;
            let invite = json!({"project_id": project_id, "role": role});
            self.server(&users[0], at, track("Invite Sent", invite));
            let came = (at + rng.between(2, 40) * HOUR).min(NOW - 2 * HOUR);
            let user = self.join(rng, account, role, came);
            users.push(user);
        }
    }

    /// Comes back, exports reports, answers surveys: now and then a day later than this instant.
    fn work(&mut self, rng: &mut Rng, account: &Account, user: &User) {
        let latest = if account.stage == Leaving { 40 } else { -1 };
        let oldest = (NOW - account.signed_up) / DAY - 2;
        let often = match account.stage {
            NewTrial | EndingTrial | Team => 4,
            Business => 6,
            IdleTrial => 0,
            Free | Leaving => 2,
        };
        let mut device = user.device.clone();
        for _ in 0..rng.between(often / 2, often) {
            let days = rng.between(latest, latest.max(oldest).min(latest + 45));
            let at = rng.some_day(days, days);
            let keeps = device.kind != "web" && rng.percent(15);
            device.offline = if keeps { rng.between(2, 70) * HOUR } else { 0 };
            let method = json!({"method": "password"});
            self.browser(rng, &device, at, track("Signed In", method));
            if rng.percent(35) {
                let formats: &[_] = rng.pick(&[&["csv"], &["csv", "xlsx"], &["pdf"]]);
                let report = json!({"rows": rng.between(40, 4_000), "formats": formats});
                let mut export = track("Report Exported", report);
                if user.id.ends_with('4') {
                    // Asked for in the chat, which has names of its own.
                    let chat_name = format!("@{}", user.email.replace('@', "."));
                    export["context"] = json!({"chat": {"user": chat_name}});
                }
                self.server(user, at + 5 * MINUTE, export);
            }
        }
        if rng.percent(30) && oldest > 5 {
            let low = if account.stage == Leaving { 2 } else { 5 };
            let survey = track("Survey Answered", json!({"score": rng.between(low, 10)}));
            let at = rng.some_day(latest.max(1), oldest);
            self.server(user, at, survey);
        }
        if account.stage == Business && user.role == "admin" {
            for days in [3, 8, 15, 22] {
                let report = json!({"rows": 1_500 + 100 * days, "formats": ["xlsx"]});
                let at = rng.some_day(days, days);
                self.server(user, at, track("Report Exported", report));
            }
        }
        if matches!(account.stage, Team | Leaving) && user.role != "member" {
            self.ticket(rng, user, account.stage == Leaving || account.number.is_multiple_of(4));
        }
    }

    /// The help desk's own visitor id, and the number by which it knows the person.
    fn ticket(&mut self, rng: &mut Rng, user: &User, is_late: bool) {
        let Some(crm_id) = &user.crm_id else { return };
        let desk = Device {
            anonymous_id: format!("desk-{:06x}", rng.next() >> 40),
            kind: "web",
            ..Device::default()
        };
        let opened = rng.some_day(4, 24);
        let ticket_id = format!("T-{}", rng.between(10_000, 99_999));
        let ticket =
            json!({"crm_id": crm_id, "ticket_id": ticket_id, "priority": "high", "due": iso(opened + 2 * DAY)});
        self.browser(rng, &desk, opened, track("Ticket Opened", ticket));
        let hours = if is_late {
            rng.between(49, 80)
        } else {
            rng.between(2, 40)
        };
        let solved = json!({"crm_id": crm_id, "ticket_id": ticket_id});
        self.browser(rng, &desk, opened + hours * HOUR, track("Ticket Solved", solved));
    }

    /// Somebody is asked into the company, answers the mail's question about further mails, and never comes.
    fn in_vain(&mut self, rng: &mut Rng, account: &Account) {
        if account.number % 4 != 1 || account.signed_up > NOW - 50 * DAY {
            return;
        }
        let number = self.users;
        self.users += 1;
        let (id, invited) = (format!("u{}", 100 + number), rng.some_day(32, 48));
        let email = format!("guest{number}@partner.example");
        let traits = json!({"email": email, "role": "member", "invited_at": iso(invited)});
        let mut identify = json!({"type": "identify", "traits": traits});
        if !number.is_multiple_of(3) {
            let preferences = json!({"Marketing": number.is_multiple_of(2)});
            identify["context"] = json!({"consent": {"categoryPreferences": preferences}});
        }
        let group = json!({"type": "group", "groupId": account.id, "traits": {}});
        self.events.push(from_server(&id, invited, identify));
        self.events.push(from_server(&id, invited, group));
    }

    fn invoices(&mut self, rng: &mut Rng, account: &Account, owner: &User, users: usize) {
        let price = match account.stage {
            Team | Leaving => 1_200,
            Business => 4_900,
            NewTrial | IdleTrial | EndingTrial | Free => return,
        };
        let months = ((NOW - account.signed_up) / (30 * DAY)).min(7);
        for month in 1..=months {
            let seats = price * users as i64 + if month == months { 50 * rng.between(0, 80) } else { 0 };
            let [first, second] = account.products();
            let lines =
                json!([{"product": first, "amount": money(seats)}, {"product": second, "amount": money(seats / 2)}]);
            let invoice = json!({"amount": money(seats + seats / 2), "lines": lines});
            let at = account.signed_up + month * 30 * DAY;
            self.server(owner, at, track("Invoice Paid", invoice));
        }
    }

    /// Works for companies that others pay for: one person, several accounts.
    fn consult(&mut self, user: &User, accounts: &[Account], at: i64) {
        for account in accounts {
            self.belong(user, account, at, json!({}));
        }
    }

    /// Says yes at work; then asks for a demonstration on a browser at home where the banner was answered with no. The
    /// email makes the two one person, and the answers are in conflict.
    fn contradict(&mut self, rng: &mut Rng, user: &User, at: i64) {
        let mut device = user.device.clone();
        device.answer = Some(answer([true; 3]));
        self.browser(rng, &device, at - 20 * DAY, preference_update());
        let mut at_home = Device::new(rng, &["web"]);
        self.visit(rng, &mut at_home, at, &["Home"]);
        at_home.answer = Some(answer([false, true, false]));
        self.browser(rng, &at_home, at + 20 * MINUTE, preference_update());
        let email = json!({"type": "identify", "traits": {"email": user.email.to_uppercase()}});
        self.browser(rng, &at_home, at + 30 * MINUTE, email);
    }

    /// The tablet of a meeting room: two people sign in on it, and stay two people.
    fn share(&mut self, rng: &mut Rng, users: &[User], at: i64) {
        let mut tablet = Device::new(rng, &["android"]);
        for (hour, user) in (0..).zip(users.iter().take(2)) {
            tablet.user_id = Some(user.id.clone());
            tablet.answer = user.device.answer.clone();
            self.browser(
                rng,
                &tablet,
                at + hour * HOUR,
                track("Signed In", json!({"method": "sso"})),
            );
        }
    }

    /// A change of mind, in the settings.
    fn revoke(&mut self, rng: &mut Rng, user: &User, at: i64) {
        let mut device = user.device.clone();
        device.answer = Some(answer([false, true, false]));
        self.browser(rng, &device, at, preference_update());
    }
}

fn all_events() -> Vec<Value> {
    let rng = &mut Rng(31);
    let mut story = Story::default();
    let stages = STAGES.map(|(stage, count, size, age)| vec![(stage, size, age); count]);
    let mut accounts = Vec::new();
    let mut people = Vec::new();
    for (number, (stage, (fewest, most), (newest, oldest))) in stages.into_iter().flatten().enumerate() {
        let company = COMPANIES[number % COMPANIES.len()];
        let name = format!("{company} {}", BRANCHES[number / COMPANIES.len() % BRANCHES.len()]);
        let account = Account {
            number,
            id: name.to_lowercase().replace(' ', "-"),
            name,
            stage,
            signed_up: rng.some_day(newest, oldest),
        };
        let size = rng.between(fewest, most);
        people.push(story.account(rng, &account, size));
        accounts.push(account);
    }
    // From the teams to the businesses: 21 to 33 are companies that pay.
    story.consult(&people[22][1], &accounts[29..31], NOW - 45 * DAY);
    story.consult(&people[30][2], &accounts[24..26], NOW - 60 * DAY);
    story.contradict(rng, &people[23][0], NOW - 12 * DAY);
    story.contradict(rng, &people[30][0], NOW - 6 * DAY);
    story.share(rng, &people[31], NOW - 9 * DAY);
    for number in [12, 25, 32] {
        story.revoke(rng, &people[number][0], NOW - 3 * DAY);
    }
    visitors(rng, &mut story);
    kit::in_order(story.events)
}

/// People who look around, and mostly stay nameless.
fn visitors(rng: &mut Rng, story: &mut Story) {
    for number in 0..70 {
        let mut device = Device::new(rng, &["web"]);
        let pages: &[_] = rng.pick(&[
            &["Home"],
            &["Home", "Pricing"],
            &["Pricing", "Compare tools"],
            &["Home", "Docs", "Pricing"],
        ]);
        for _ in 0..rng.between(1, 2) {
            let at = rng.some_day(-1, 60);
            story.visit(rng, &mut device, at, pages);
        }
        if number % 9 == 4 {
            let email = if number == 4 {
                "demo@deckplan.example".to_owned()
            } else {
                format!("lead{number}@mail.example")
            };
            let at = rng.some_day(1, 5);
            story.browser(
                rng,
                &device,
                at,
                json!({"type": "identify", "traits": {"email": email}}),
            );
        }
    }
}

/// Lines that must be refused: a group call without a group, a sign-up without anybody, and an answer that is text.
const BROKEN: [&str; 3] = [
    r#"{"type":"group","userId":"u101","messageId":"x1","timestamp":"2026-03-01T10:00:00Z","traits":{"plan":"team"}}"#,
    r#"{"type":"track","event":"Signed Up","messageId":"x2","timestamp":"2026-04-01T10:00:00Z"}"#,
    r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u103","messageId":"x3","context":{"consent":{"categoryPreferences":{"Advertising":"true"}}}}"#,
];

/// The lines of the file, with a mess like a real one's.
pub(crate) fn lines() -> Vec<String> {
    let mess = Mess {
        batch: (90, 500),
        repeats: &[120, 640, 900],
        broken: &BROKEN,
        every: 300,
    };
    mess.lines(&all_events())
}
