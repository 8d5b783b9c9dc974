//! What a profile says of itself, and what its operator reads.

use super::super::super::say;
use super::super::server::audit_tail;
use super::Tour;

impl Tour {
    pub(super) async fn discovery(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "Profiles say what they are",
            "One process serves several authorization servers, called profiles. Each has an issuer, keys, clients and
             doors of its own, and describes itself (RFC 8414). This one lets clients register, so it names an endpoint
             for that.",
        );
        let answer = self.caller.get("/.well-known/oauth-authorization-server/staff").await?;
        self.guide.show(&answer);
        let issuer = format!("{}/staff", self.server.base());
        self.guide.expect("the issuer is the one that it was found by", &answer, 200, ("issuer", &issuer));
        let endpoint = format!("{issuer}/register");
        self.guide.expect(
            "it names a registration endpoint",
            &answer,
            200,
            ("registration_endpoint", &endpoint),
        );
        let closed = self.caller.get("/closed/.well-known/openid-configuration").await?;
        self.guide.show_briefly(&closed);
        self.guide.check(
            "the profile 'closed', which says nothing of registration, names none",
            closed.status == 200 && closed.json.get("registration_endpoint").is_none(),
        );
        let unknown = self.caller.get("/nobody/.well-known/openid-configuration").await?;
        self.guide.show_briefly(&unknown);
        self.guide.expect(
            "a profile that is not there is 404, in JSON",
            &unknown,
            404,
            ("error", "not_found"),
        );
        Ok(())
    }

    pub(super) async fn audit_log(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "What the operator reads",
            "Whatever changes state is written down in the same transaction; `matricula audit tail` reads it, also while
             the server runs.",
        );
        let told = audit_tail(&self.server.store()).await?;
        told.lines().for_each(|line| say(format_args!("   {line}")));
        let is_told = |word: &str| told.contains(word);
        let story =
            ["user-signed-in", "client-registered", "grant-issued", "refresh-token-reused", "user-disabled"];
        self.guide.check("what alice did is there, and what became of it", story.into_iter().all(is_told));
        let secrets = ["mcs_", "mia_", "mac_", "mrt_", "mss_", "mar_", "eyJ", "alice-password"];
        self.guide.check("and no secret is", !secrets.into_iter().any(is_told));
        Ok(())
    }

    pub(super) async fn end(mut self) -> anyhow::Result<usize> {
        let ended = self.server.stop().await?;
        self.guide.check("told to stop (SIGTERM), the server finishes and closes its store", ended.success());
        Ok(self.guide.failed())
    }
}
