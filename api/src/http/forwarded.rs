//! Whose address a request comes from, behind proxies or not.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The nearest address that is not one of our own proxies. Without trusted proxies the header counts for nothing.
pub(super) fn client_address(request: &ServiceRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let chain = request.headers().get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        chain.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    Some(hops.into_iter().rev().find(|hop| !trusted.contains(hop)).unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let request = |peer: &str| {
            TestRequest::default()
                .peer_addr(format!("{peer}:1").parse().unwrap())
                .insert_header((X_FORWARDED_FOR, "6.6.6.6, 203.0.113.9, 10.0.0.2"))
                .to_srv_request()
        };
        let trusted = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        let address = |peer| client_address(&request(peer), &trusted).unwrap().to_string();
        assert_eq!(address("10.0.0.1"), "203.0.113.9");
        assert_eq!(address("198.51.100.7"), "198.51.100.7");
    }
}
