//! Shows the clients' tests what reached the provider, so that they can compare it with what they sent.

use actix_web::{App, HttpServer, web};
use relay_adapters::mock::Mock;
use serde_json::Value;

/// `POST /` with a text: the bodies of all requests so far which contain it, the oldest first.
pub(super) struct Spy {
    pub(super) url: String,
    handle: actix_web::dev::ServerHandle,
}

impl Spy {
    pub(super) fn start(mock: &Mock) -> Self {
        let mock = mock.clone();
        let app = move || App::new().app_data(web::Data::new(mock.clone())).route("/", web::post().to(seen));
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, handle }
    }
}

impl Drop for Spy {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn seen(mock: web::Data<Mock>, marker: String) -> web::Json<Vec<Value>> {
    let requests = mock.requests().into_iter().map(|request| request.json());
    web::Json(requests.filter(|body| body.to_string().contains(&marker)).collect())
}
