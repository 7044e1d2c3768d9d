pub struct People; impl People{pub fn new(_:&crate::ports::Ports,_:&crate::ports::Policy,_:std::sync::Arc<crate::access::Directory>)->Self{Self}}
